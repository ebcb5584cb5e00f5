"""Writes ../LeaveOneOutOracle.swift: PSIS-LOO, WAIC, stacking weights and power-scaling sensitivities of ArviZ 0.23.4 for log likelihoods that the test
makes anew.

    python3 -m venv venv && venv/bin/pip install arviz==0.23.4 && venv/bin/python loo.py
"""
import os
import warnings

import numpy as np

warnings.simplefilter("ignore")
import arviz as az
from arviz.stats.stats import _cjs_dist, _powerscale_lw, _powerscale_sens

chains, draws = 4, 250
y = np.array([-1.0, 0.2, 0.5, 1.0, 2.0, 4.0, 9.0])


def theta(scale):
    u = (np.arange(chains * draws) + 1) * 0.6180339887498949 % 1
    return (scale * np.log(u / (1 - u))).reshape(chains, draws)


def likelihood(scale, shift):
    return -0.5 * (y - shift - theta(scale)[..., None]) ** 2 - 0.5 * np.log(2 * np.pi)


def data(scale, shift):
    return az.from_dict(posterior={"theta": theta(scale)}, log_likelihood={"y": likelihood(scale, shift)})


def numbers(values):
    return "[" + ", ".join(repr(float(v)).replace("inf", ".infinity") for v in np.ravel(values)) + "]"


rows = []
for scale, shift, reff in [(0.3, 0.5, 1.0), (0.3, 0.5, 0.6), (0.1, 2.0, 1.0), (0.6, 1.0, 1.3)]:
    idata = data(scale, shift)
    loo = az.loo(idata, pointwise=True, reff=reff)
    waic = az.waic(idata, pointwise=True)
    rows.append(
        f"    Case(\n      scale: {scale}, shift: {shift}, reff: {reff}, elpd: {float(loo.elpd_loo)!r}, se: {float(loo.se)!r}, p: {float(loo.p_loo)!r},\n"
        f"      pointwise: {numbers(loo.loo_i)},\n      shapes: {numbers(loo.pareto_k)},\n"
        f"      waic: {float(waic.elpd_waic)!r}, pWAIC: {float(waic.p_waic)!r}),\n")

sens = []
for scale, power in [(0.3, 1.0), (1.0, 0.25)]:
    t = theta(scale).ravel()
    component = -power * (t - 0.4) ** 2
    lower = np.exp(_powerscale_lw(alpha=1 / 1.01, component_draws=component))
    upper = np.exp(_powerscale_lw(alpha=1.01, component_draws=component))
    value = _powerscale_sens(t, lower_weights=lower / lower.sum(), upper_weights=upper / upper.sum(), delta=0.01)
    distance = max(_cjs_dist(t, upper / upper.sum()), _cjs_dist(-t, upper / upper.sum()))
    sens.append(f"    (scale: {scale}, power: {power}, sensitivity: {float(value)!r}, distance: {float(distance)!r}),\n")

out = f"""// Written by Oracles/loo.py from ArviZ {az.__version__}; not to be edited.

/// PSIS-LOO, WAIC and power-scaling sensitivities of draws and log likelihoods that the test makes anew.
enum LeaveOneOutOracle {{
  struct Case: Sendable {{
    var scale, shift, reff, elpd, se, p: Double
    var pointwise, shapes: [Double]
    /// With divisor S of the variance.
    var waic, pWAIC: Double
  }}

  static let cases: [Case] = [
{"".join(rows).rstrip()}
  ]

  static let sensitivities: [(scale: Double, power: Double, sensitivity: Double, distance: Double)] = [
{"".join(sens).rstrip()}
  ]
}}
"""
open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../LeaveOneOutOracle.swift"), "w").write(out)
