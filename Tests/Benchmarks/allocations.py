#!/usr/bin/env python3
"""Shows that replaying a plan neither allocates nor touches a reference count.

    swift build -c release
    python3 Tests/Benchmarks/allocations.py [MODEL[:DATA.json] …]

Runs `credence bench MODEL` twice under a counter of allocator calls and of retains (allocations.c), the second time with many more evaluations, and
prints by how much the counts rose. What a batch of evaluations costs beside them (its clock, its place in a list) is in the figures too: they are to be
read beside the number of further evaluations. Linux with glibc; the C compiler is the toolchain's or `cc`.
"""
import json, os, re, shutil, subprocess, sys, tempfile

here = os.path.dirname(os.path.abspath(__file__))
credence = os.path.join(os.path.dirname(os.path.dirname(here)), ".build/release/credence")
models = sys.argv[1:] or ["eight-schools", "eight_schools-eight_schools_centered", "hmm_example-hmm_example", "garch-garch11", "arK-arK"]

with tempfile.TemporaryDirectory() as scratch:
    library = os.path.join(scratch, "liballocations.so")
    compiler = shutil.which("clang") or shutil.which("cc")
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, os.path.join(here, "allocations.c"), "-ldl"], check=True)

    def run(model, batches):
        name, _, data = model.partition(":")
        words = [credence, "bench", name, "--batches", str(batches)] + (["--data", data] if data else [])
        done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "LD_PRELOAD": library})
        if done.returncode != 0:
            sys.exit(done.stderr)
        counts = re.search(r"allocations (\d+) retains (\d+)", done.stderr)
        lanes = json.loads(done.stdout)["value_and_gradient"]
        evaluations = sum(e["evaluations_per_batch"] * batches * max(1, e["lanes"] // 8) for e in lanes)
        return evaluations, int(counts[1]), int(counts[2])

    print(f"{'model':44}{'evaluations':>12}{'allocations':>13}{'retains':>10}   (second run less the first)")
    for model in models:
        few = run(model, 10)
        many = run(model, 2010)
        print(f"{model.partition(':')[0]:44}{many[0] - few[0]:12}{many[1] - few[1]:13}{many[2] - few[2]:10}")
