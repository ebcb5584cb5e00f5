"""Reads what credence exports with ArviZ and compares its figures with ours: R-hat, ESS (bulk and tail), MCSE (mean, sd, quantiles), HDI, PSIS-LOO
(elpd, p_loo, se) and k-hat on five posteriors. Not part of `swift test`.

    python3 -m venv venv && venv/bin/pip install arviz==0.23.4
    swift build -c release && venv/bin/python Tests/Scripts/arviz_check.py [.build/release/credence [MODEL…]]

Ends with 0 where every figure agrees to 1e-8 relative (or 1e-12 absolute), with 1 otherwise.
"""
import glob
import json
import os
import subprocess
import sys
import tempfile
import warnings

import numpy as np

warnings.simplefilter("ignore")
import arviz as az
from arviz.utils import Numba

# With numba installed, ArviZ 0.23's mcse(method="sd") fails on NumPy 2.4.
Numba.disable_numba()

program = sys.argv[1] if len(sys.argv) > 1 else ".build/release/credence"
models = sys.argv[2:] or ["eight-schools", "radon", "logistic-regression", "kidiq-kidscore_interaction", "garch-garch11", "mixture-labels"]
tolerance = 1e-8
worst = {}
failures = []


def compare(model, what, ours, theirs):
    ours, theirs = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    if ours.shape != theirs.shape:
        failures.append(f"{model}: {what}: shapes {ours.shape} and {theirs.shape}")
        return
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    gap = np.where(same, 0, np.abs(ours - theirs) / np.maximum(np.maximum(np.abs(theirs), np.abs(ours)), 1e-4))
    largest = float(np.max(gap)) if gap.size else 0.0
    kind = what.split(" of ")[0]
    worst[kind] = max(worst.get(kind, 0.0), largest if np.isfinite(largest) else np.inf)
    if not largest <= tolerance:
        failures.append(f"{model}: {what} differs by {largest:.2g}")


def run(*arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True)
    if done.returncode not in (0, 3):
        sys.exit(f"{' '.join(arguments)}: {done.stderr}")
    return done.stdout


def check(model, idata, draws, directory):
    path = os.path.join(directory, "summary.json")
    run("summarize", *draws, "--hdi", "0.94", "--output", path)
    variables = json.load(open(path))["variables"]
    posterior = idata.posterior
    # ArviZ takes a series for constant whose range is below 1e-15, whatever its scale; squares of deviations of 1e-9 are such. All of these figures
    # are equivariant under scaling, and a power of two rounds nothing: every element is brought to an sd near one and its errors are brought back.
    sd = posterior.std(("chain", "draw"))
    scale = 2.0 ** np.round(np.log2(sd.where(sd > 0, 1.0)))
    scaled = posterior / scale
    figures = {
        "r_hat": az.rhat(scaled), "ess_bulk": az.ess(scaled, method="bulk"), "ess_tail": az.ess(scaled, method="tail"),
        "mcse_mean": az.mcse(scaled, method="mean") * scale, "mcse_sd": az.mcse(scaled, method="sd") * scale,
    }
    for p in ["0.05", "0.25", "0.5", "0.75", "0.95"]:
        figures["mcse_quantile_" + p] = az.mcse(scaled, method="quantile", prob=float(p)) * scale
    hdi = az.hdi(posterior, hdi_prob=0.94)
    for name, own in variables.items():
        # Columns of a CSV file that ArviZ puts into other groups.
        if name.startswith("log_lik_") or name.endswith("_rep"):
            continue
        # A draw that is the same throughout has no diagnostics with us.
        if "null_reasons" in own and "all draws are equal" in str(own["null_reasons"]):
            continue
        theirs = name if name in posterior else name.replace(".", ":")
        for what, values in figures.items():
            compare(model, f"{what} of {name}", np.asarray(own[what], dtype=float), values[theirs].values)
        compare(model, f"hdi of {name}", np.asarray(own["hdi_lower"], dtype=float), hdi[theirs].sel(hdi="lower").values)
        compare(model, f"hdi of {name}", np.asarray(own["hdi_upper"], dtype=float), hdi[theirs].sel(hdi="higher").values)


def loo(model, idata, comparison):
    own = comparison["models"][0]["loo"]
    theirs = az.loo(idata, pointwise=True)
    compare(model, "elpd_loo", own["elpd"], theirs.elpd_loo)
    compare(model, "se of elpd_loo", own["se"], theirs.se)
    compare(model, "p_loo", own["p"], theirs.p_loo)
    compare(model, "pointwise elpd", own["pointwise"], np.ravel(theirs.loo_i))
    compare(model, "k-hat", own["pareto_k"], np.ravel(theirs.pareto_k))


for model in models:
    with tempfile.TemporaryDirectory() as directory:
        file = os.path.join(directory, "draws")
        for ending in ["json", "csv"]:
            run("infer", model, "--include", "log-likelihood,predictive", "--draws-output", f"{file}.{ending}", "--draws", "500", "--quiet",
                "--output", os.path.join(directory, "result.json"))
        content = json.load(open(file + ".json"))
        idata = az.from_dict(**content)
        check(model, idata, [file + ".json"], directory)
        if len(idata.log_likelihood.data_vars) == 1:
            loo(model, idata, json.loads(run("compare", file + ".json", "--output", "-", "--quiet")))
        chains = sorted(glob.glob(file + "_*.csv"))
        site = list(content["log_likelihood"])[0]
        columns = az.from_cmdstan(posterior=chains, log_likelihood=f"log_lik_{site}", posterior_predictive=f"{site}_rep")
        check(model, columns, chains, directory)
        for name, values in content["posterior"].items():
            compare(model, f"CSV of {name}", columns.posterior[name.replace(".", ":")].values, np.asarray(values, dtype=float))
        compare(model, "CSV of log_lik", columns.log_likelihood[f"log_lik_{site}"].values, np.asarray(content["log_likelihood"][site]))
        loo(model, columns, json.loads(run("compare", file + ".csv", "--output", "-", "--quiet")))
        print(f"{model}: {len(content['posterior'])} variables, {np.size(content['observed_data'][site])} points")

for kind, largest in sorted(worst.items()):
    print(f"{kind:24s} {largest:.2g}")
for failure in failures[:40]:
    print("FAILED", failure)
print(f"ArviZ {az.__version__}:", "all agree" if not failures else f"{len(failures)} differ")
sys.exit(1 if failures else 0)
