#!/bin/bash
# Runs what `make gpu-bundle` packed: the checks of the GPU, all tests, then the benches.
#   run.sh [--peer "SCRIPT.py ARGUMENTS…"] [--results FOLDER] [all|gpu|tests|benches|PROGRAM ARGUMENTS…]
# --peer: what PyTorch reaches on the same card; run by python3 ($BATCHLAB_PEER_PYTHON) after the benches. What benches
# and peer print goes to FOLDER/DATE-DEVICE.jsonl too.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd) || exit 1
peer='' results=$here/results
while [ $# -gt 0 ]; do
    case $1 in
    --peer) peer=$2; shift 2 ;;
    --results) results=$2; shift 2 ;;
    *) break ;;
    esac
done
results=$(realpath -m "$results")
cd "$here" || exit 1
export LD_LIBRARY_PATH=$PWD/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export BATCHLAB_PROGRAM=$PWD/batchlab BATCHLAB_PLUGINS=${BATCHLAB_PLUGINS:-$PWD}
python=${BATCHLAB_PEER_PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Where the loader does not know the CUDA libraries, Python packages often carry them.
loader_knows() {
    { ldconfig -p || /sbin/ldconfig -p; } 2>/dev/null | grep -q "$1"
}
site_packages() {
    python3 -c 'import site, sys; print("\n".join([*site.getsitepackages(), site.getusersitepackages(), *sys.path]))' 2>/dev/null
}
for name in libcublasLt.so libcudnn.so; do
    loader_knows "$name" && continue
    while read -r folder; do
        for library in "$folder"/nvidia/*/lib/"$name"* /usr/local/cuda/lib64/"$name"*; do
            [ -e "$library" ] || continue
            LD_LIBRARY_PATH+=:$(dirname "$library")
            continue 3
        done
    done < <(site_packages; echo /usr/local/cuda)
done

# ---- the GPU ------------------------------------------------------------------------------------

device_line() {
    ./batchlab devices | grep '^cuda'
}
gpu_absent() {
    device_line | grep -q '^cuda *absent'
}

# Operations, whole nets and PyTorch's curves in every precision, with cuDNN and without.
gpu_programs() {
    local precision cudnn program wrapper
    for precision in f32 tf32 bf16 fp16; do
        for cudnn in yes no; do
            for program in backend/test_ops backend/test_models train/test_nets train/test_several_steps train/test_loss_scaling \
                train/test_stage; do
                wrapper=$work/tests/$(basename "$program")-$precision$([ $cudnn = no ] && echo -products)
                mkdir -p "$work/tests"
                printf '#!/bin/sh\nexec env BATCHLAB_TEST_BACKEND=cuda BATCHLAB_TEST_PRECISION=%s BATCHLAB_CUDNN=%s %q\n' \
                    "$precision" "$cudnn" "$PWD/tests/$program" >"$wrapper"
                chmod +x "$wrapper"
                echo "$wrapper"
            done
        done
    done
}

# The epochs of a run without what depends on the clock.
epochs_of() {
    grep '"event":"epoch"' | sed -E 's/"time":\{[^}]*\},?//; s/,"gpu":\{[^}]*\}//; s/"(seconds|samples_per_s)":[^,}]*,?//g'
}
training=(./batchlab train datasets/samples/fashion-mnist --device cuda --model lenet5 --seed 7 --batch 32 --json)
train() {
    "${training[@]}" "$@" 2>>"$work/words"
}
say() {
    echo "$1: $2"
    [ "$2" = passed ]
}

# Trains slowly enough to be stopped after its first epoch, and goes on. Prints what came after.
stop_and_resume() {
    "${training[@]}" "$@" --pace 100 >"$work/begun" 2>>"$work/words" &
    local process=$! run
    until grep -q '"event":"epoch"' "$work/begun" || ! kill -0 $process 2>/dev/null; do sleep 0.05; done
    kill -TERM $process 2>/dev/null
    wait $process
    run=$(sed -nE 's/.*"event":"start","run":([0-9]+).*/\1/p' "$work/begun")
    ./batchlab resume "$run" --json 2>>"$work/words" | epochs_of
}

# The same bits twice, and a run that was stopped and resumed gives those of one that never was.
same_bits() {
    export XDG_DATA_HOME=$work/data
    local precision verdict result=0
    for precision in f32 bf16 fp16; do
        train --epochs 4 --precision $precision | epochs_of >"$work/first"
        train --epochs 4 --precision $precision | epochs_of >"$work/second"
        [ -s "$work/first" ] && cmp -s "$work/first" "$work/second" && verdict=passed || verdict=failed
        say "determinism $precision" $verdict || result=1
        stop_and_resume --epochs 4 --precision $precision >"$work/second"
        tail -n "$(wc -l <"$work/second")" "$work/first" >"$work/rest"
        [ -s "$work/second" ] && cmp -s "$work/rest" "$work/second" && verdict=passed || verdict=failed
        say "resume $precision" $verdict || result=1
    done
    [ $result = 0 ] || tail -n 5 "$work/words"
    unset XDG_DATA_HOME
    return $result
}

run_gpu() {
    device_line
    if gpu_absent; then
        echo 'the checks of the GPU are left out: there is none that can be used'
        return 3
    fi
    mapfile -t programs < <(gpu_programs)
    JOBS=1 TEST_TIMEOUT=900 tests/support/runner "${programs[@]}"
    local result=$?
    same_bits || result=1
    return $result
}

# ---- tests and benches --------------------------------------------------------------------------

run_tests() {
    mapfile -t tests < <(find "$PWD/tests" -type f -name 'test_*' -perm -u+x ! -name '*.*' | sort)
    tests/support/runner "${tests[@]}"
}
run_benches() {
    local bench result=0 device file
    device=$({ gpu_absent && ./batchlab devices | grep '^cpu' || device_line; } | cut -d , -f 1 | cut -c 7-46 | tr -cs 'A-Za-z0-9\n' -)
    mkdir -p "$results" && file=$results/$(date +%F)-$device.jsonl
    for bench in bench/*; do
        [ ! -f "$bench" ] || [ ! -x "$bench" ] || "$bench" | tee -a "$file" || result=1
    done
    if ! gpu_absent; then
        for bench in bench/bench_train bench/bench_backend; do
            [ ! -x "$bench" ] || BATCHLAB_BENCH_BACKEND=cuda "$bench" | tee -a "$file" || result=1
        done
        # shellcheck disable=SC2086  # its arguments are words
        [ -z "$peer" ] || "$python" $peer | tee -a "$file" || result=1
    fi
    echo "figures: $file"
    return $result
}

case ${1:-all} in
all)
    run_gpu
    gpu=$?
    run_tests
    tests=$?
    run_benches
    benches=$?
    [ $gpu != 1 ] && [ $tests = 0 ] && [ $benches = 0 ]
    ;;
gpu) run_gpu ;;
tests) run_tests ;;
benches) run_benches ;;
*) "$@" ;;
esac
