#!/bin/bash
# Makes dnabert-6-mini anew: two courses, three to four hours on one processor core; a run that was stopped goes on.
#   bash recipes/weights/dnabert-6-mini.sh ../shared/data/human runs/weights
# The first folder holds the sequences and lrg_hg38.contigs.tsv, the second takes split.tsv, both courses and dnabert-6-mini.
set -euo pipefail
data=$1 out=$2 recipes=$(dirname "$0")
genomes=("$data"/lrg_hg38.fa.gz "$data"/chr1_hg19.fa.gz "$data"/augustus_3x2Mb.fa.gz "$data"/bac_contigs.fa.gz)
mkdir -p "$out"
if [ ! -f "$out/split.tsv" ]; then
  {
    printf 'contig\tsplit\n'
    tail -n +2 "$data/lrg_hg38.contigs.tsv" | cut -f 1,6
    for genome in "${genomes[@]:1}"; do gzip -cd "$genome" | sed -n 's/^>\([^[:space:]]*\).*/\1\ttrain/p'; done
  } >"$out/split.tsv"
fi
course() { # NAME RECIPE FLAGS...: from the beginning, or on from where it was stopped
  local name=$1 recipe=$2 resume=()
  shift 2
  [ ! -f "$out/$name/metrics.json" ] || return 0
  [ ! -d "$out/$name" ] || resume=(--resume)
  dnabert pretrain "${genomes[@]}" --split "$out/split.tsv" --out "$out/$name" --config "$recipes/$recipe" "$@" "${resume[@]}"
}
course first dnabert-6-mini.toml
course second dnabert-6-mini-2.toml --model "$out/first"
dnabert export --model "$out/second" --out "$out/dnabert-6-mini" --dtype bfloat16 --license Apache-2.0
