"""The benchmarks. Each file has `measure(sizes, folder, say) -> Findings`, and its sizes as FULL and QUICK."""
