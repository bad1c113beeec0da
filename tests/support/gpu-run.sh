#!/bin/bash
# Runs what `make gpu-bundle` packed.   run.sh [all|tests|benches|PROGRAM ARGUMENTS…]
set -uo pipefail
cd "$(dirname "$0")" || exit 1
export LD_LIBRARY_PATH=$PWD/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export BATCHLAB_PROGRAM=$PWD/batchlab BATCHLAB_PLUGINS=$PWD

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

run_tests() {
    mapfile -t tests < <(find "$PWD/tests" -type f -name 'test_*' -perm -u+x ! -name '*.*' | sort)
    tests/support/runner "${tests[@]}"
}
run_benches() {
    local bench result=0
    for bench in bench/*; do
        [ ! -x "$bench" ] || "$bench" || result=1
    done
    return $result
}

case ${1:-all} in
all) run_tests; tests=$?; run_benches && exit $tests ;;
tests) run_tests ;;
benches) run_benches ;;
*) exec "$@" ;;
esac
