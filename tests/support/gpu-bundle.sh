#!/bin/bash
# Packs what is built in $1 into the folder $2 (and $2.tar.xz), with the shared libraries it needs and a run.sh.
# NVIDIA's libraries and the C library stay out: those belong to the machine it is copied to.
set -euo pipefail
build=$1 out=$2

rm -rf "$out"
mkdir -p "$out/lib" "$out/bench"
cp "$build/batchlab" "$out/"
if [ -f "$build/batchlab-cuda.so" ]; then cp "$build/batchlab-cuda.so" "$out/"; fi
# the rooms whose tests reach a device; stand-ins of CUDA and of the driver stay at home
for room in backend nn train engine lab; do
    find "$build/tests/$room" -type f -name 'test_*' -perm -u+x ! -name '*.*' ! -name '*_cuda*' ! -name test_telemetry -printf "$room/%P\n"
done | while read -r program; do
    install -D "$build/tests/$program" "$out/tests/$program"
done
find "$build/bench" -maxdepth 1 -type f -perm -u+x -exec cp {} "$out/bench/" \; 2>/dev/null || true

# what tests and benches read, under the same paths as in the repository
for folder in tests/fixtures tests/screens tests/support tests/e2e datasets/samples; do
    if [ -d "$folder" ]; then mkdir -p "$out/$folder" && cp -R "$folder/." "$out/$folder"; fi
done

programs() {
    find "$out" -type f -perm -u+x \( -name 'test_*' -o -name batchlab -o -path '*/bench/*' -o -name '*.so' \)
}
programs | xargs -r strip --strip-debug
programs | xargs -r ldd 2>/dev/null | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | sort -u |
    grep -vE '/(libc|libm|libdl|libpthread|librt|libresolv|libutil|ld-linux[^/]*|libcuda|libcublas[^/]*|libcudnn[^/]*|libnvidia[^/]*)\.so' |
    xargs -r cp -L -t "$out/lib"

cp tests/support/gpu-run.sh "$out/run.sh"
chmod +x "$out/run.sh"
XZ_OPT=-2 tar -C "$(dirname "$out")" -cJf "$out.tar.xz" "$(basename "$out")" # a third of it
echo "$out: $(du -sh "$out" | cut -f 1), $(find "$out/tests" -name 'test_*' -perm -u+x | wc -l) test programs"
