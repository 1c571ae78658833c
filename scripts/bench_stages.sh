#!/usr/bin/env bash
# One benchmark for each stage of a request, for the table of docs/performance.md. TIME is the length of each.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

cd "$root"
time=${TIME:-1s}
run() { go test -run '^$' -bench "$2" -benchtime "$time" -benchmem "./$1" | grep -E '^(Benchmark|FAIL|panic|---)' || true; }

step machine "$(grep -m1 'model name' /proc/cpuinfo 2>/dev/null | cut -d: -f2 | xargs), $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg 2>/dev/null)"
run api 'ReadImageInput'
run textenc 'Tokenize'
run preprocess '^Benchmark(Decode|Pixels|Resize|Thumbnail)$'
run models '^BenchmarkEncode(Text|Picture)$'
run internal/batch '^BenchmarkDo'
run space/store '^Benchmark(Put|Item|Vectors)$'
run space/knn '^BenchmarkSearch$'
run space/keyword '^Benchmark(Search|Filter|Apply)$'
run space/fusion 'Fusion'
run space/dedup '^Benchmark(Hash|Compare)$'
run space/catalog '^BenchmarkImport$'
run cmd/clipd '^BenchmarkImport$'
run api/server 'HTTP'
