"""Oracle values of convergence diagnostics, from ArviZ 0.23.4: writes ../DiagnosticsOracle.swift.

    python diagnostics.py        # in an environment with arviz==0.23.4, scipy

The draws come from an integer recurrence and exact arithmetic, so that the Swift test makes the same bits (DiagnosticsOracleTests.draws).
R-hat folds around the median of all draws, as az.summary and R's posterior do.
"""
import pathlib
import numpy as np
from arviz.stats import diagnostics as d
from arviz.stats.diagnostics import _multichain_statistics, _ess_mean, _ess_quantile, _mcse_quantile, _bfmi, _rhat, _z_scale, _split_chains
from arviz.stats.stats_utils import quantile

MASK = (1 << 64) - 1
PROBABILITIES = [0.05, 0.25, 0.5, 0.75, 0.95]


class Uniform:
    def __init__(self, seed):
        self.state = (seed * 2654435761 + 12345) & MASK

    def __call__(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & MASK
        return float(self.state >> 11) * 2.0**-53


def draws(kind, chains, n, rho, seed):
    u = Uniform(seed)
    out = []
    for c in range(chains):
        x, chain = 0.0, []
        for _ in range(n):
            e = ((u() + u()) + u()) - 1.5
            w = u() + 0.0001
            x = rho * x + e
            value = x
            if kind == "shifted":
                value = x + 0.25 * c
            elif kind == "scaled":
                value = x * (1.0 + c)
            elif kind == "heavy":
                value = x / (w * w)
            elif kind == "ties":
                value = float(np.floor(x * 3.0))
            elif kind == "large":
                value = 1000000.0 + x
            elif kind == "tiny":
                value = x * 2.0**-60
            chain.append(value)
        out.append(chain)
    return np.array(out)


CASES = [("plain", 4, 1000, 0.0), ("plain", 4, 1000, 0.9), ("plain", 4, 400, -0.7), ("plain", 4, 251, 0.5), ("plain", 2, 5, 0.0),
         ("plain", 3, 4, 0.3), ("plain", 1, 100, 0.6), ("plain", 8, 64, 0.99), ("shifted", 4, 500, 0.2), ("scaled", 4, 500, 0.2),
         ("heavy", 4, 1000, 0.5), ("ties", 4, 333, 0.8), ("large", 2, 200, 0.4), ("tiny", 4, 100, 0.0), ("plain", 2, 4096, 0.999),
         ("plain", 4, 7, 0.5), ("ties", 2, 20, 0.0)]

lines = []
for seed, (kind, chains, n, rho) in enumerate(CASES, 1):
    x = draws(kind, chains, n, rho, seed)
    # Scaling by a power of two changes no diagnostic but ArviZ's absolute test for constant draws.
    scale = 2.0**60 if kind == "tiny" else 1.0
    mcse_mean, mcse_sd, ess_bulk, ess_tail, r_hat = _multichain_statistics(x * scale, focus="mean")
    if chains == 1:
        folded = np.abs(x - np.median(x))
        r_hat = max(_rhat(_z_scale(_split_chains(x))), _rhat(_z_scale(_split_chains(folded))))
    q = quantile(x.ravel(), PROBABILITIES)
    values = [x.mean(), x.std(ddof=1), mcse_mean / scale, mcse_sd / scale, ess_bulk, ess_tail, r_hat, _ess_mean(x * scale), _bfmi(x[0])[0]]
    values += list(q) + [_ess_quantile(x, p) for p in PROBABILITIES] + [_mcse_quantile(x, p) for p in PROBABILITIES]
    numbers = ", ".join(repr(float(v)) for v in values)
    lines.append(f'    Case(kind: "{kind}", chains: {chains}, draws: {n}, rho: {rho}, seed: {seed}, values: [\n      {numbers},\n    ]),')

text = """// Written by Oracles/diagnostics.py from ArviZ 0.23.4; not to be edited.

/// Diagnostics of draws that the test makes anew. `values`: mean, sd, mcse_mean, mcse_sd, ess_bulk, ess_tail, r_hat, ess_mean, E-BFMI of the
/// first chain; then quantiles, their effective sample sizes and their Monte Carlo errors at 5, 25, 50, 75 and 95 %.
enum DiagnosticsOracle {
  struct Case: Sendable {
    var kind: String
    var chains, draws: Int
    var rho: Double
    var seed: Int
    var values: [Double]
  }

  static let cases: [Case] = [
""" + "\n".join(lines) + "\n  ]\n}\n"
pathlib.Path(__file__).resolve().parent.parent.joinpath("DiagnosticsOracle.swift").write_text(text)
