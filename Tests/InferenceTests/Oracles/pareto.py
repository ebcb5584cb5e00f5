"""Writes ../ParetoOracle.swift: k-hat and smoothed weights of ArviZ 0.23.4 (`psislw`) on log ratios that the test makes anew.

Log ratio i of S: u = frac((i + 1) * 0.6180339887498949), r = -shape * log(1 - u) (kind "pareto") or r = shape * sin(12345 u) (kind "bounded").
"""
import numpy as np, arviz, math, os

def ratios(kind, S, shape):
    out = []
    for i in range(S):
        u = math.fmod((i + 1) * 0.6180339887498949, 1.0)
        out.append(-shape * math.log(1 - u) if kind == "pareto" else shape * math.sin(12345 * u))
    return np.array(out)

cases = [("pareto", S, k) for S in (50, 400, 4000) for k in (0.2, 0.5, 0.7, 1.0, 1.6)] + [("bounded", 1000, 1.0), ("bounded", 4000, 6.0), ("pareto", 20, 0.5)]
lines = []
for kind, S, shape in cases:
    r = ratios(kind, S, shape)
    lw, k = arviz.psislw(r.copy())
    lw = np.asarray(lw); k = float(k)
    w = np.exp(lw)
    order = np.argsort(r)
    picked = [float(lw[order[-1]]), float(lw[order[-3]]), float(lw[order[S // 2]])]
    ks = repr(k) if math.isfinite(k) else ".infinity"
    lines.append(f'    Case(kind: "{kind}", count: {S}, parameter: {shape}, shape: {ks}, ess: {float(1 / np.sum(w * w))!r}, logWeights: {picked!r}),')
head = """// Written by Oracles/pareto.py from ArviZ 0.23.4; not to be edited.

/// Pareto smoothed importance sampling of log ratios that the test makes anew. `logWeights`: of the largest, the third largest and the
/// middle ratio.
enum ParetoOracle {
  struct Case: Sendable {
    var kind: String
    var count: Int
    var parameter: Double
    var shape: Double
    var ess: Double
    var logWeights: [Double]
  }

  static let cases: [Case] = [
"""
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ParetoOracle.swift")
open(path, "w").write(head + "\n".join(lines) + "\n  ]\n}\n")
