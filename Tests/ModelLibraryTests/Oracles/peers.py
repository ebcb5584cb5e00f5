"""Embeds fixed points of the models that are timed against other systems: python3 peers.py PEERS > ../PeerOracle.swift

The peers' values come from NumPyro (PEERS/reference/*_points.json). Their simplex is stick-breaking: positions here are constrained for w and
the value is without the log Jacobian of w; gradients are those by the coordinates after it.
"""
import json, math, sys
from math import exp, log, log1p

row = lambda v: "[" + ", ".join(repr(float(x)) for x in v) + "]"
print("// Made by Oracles/peers.py. Not to be edited.")
print("struct PeerOracle: Sendable {\n  let model: String\n  /// A simplex, constrained; empty where the model has none.\n  let simplex: [Double]")
print("  /// The unconstrained coordinates after the simplex.\n  let position: [Double]\n  let value: Double\n  let gradient: [Double]\n")
print("  static let all: [PeerOracle] = [")
for name, peer in [("eight_schools-eight_schools_noncentered", "eight_schools"), ("gaussian-process", "gp"), ("mixture", "gmm")]:
    d = json.load(open(f"{sys.argv[1]}/reference/{peer}_points.json"))
    for p in d["points"]:
        u, value, gradient, x = p["unconstrained"], p["log_density"], p["gradient"], []
        if peer == "gmm":
            rest, K = 1.0, 5
            for k in range(K - 1):
                z = 1 / (1 + exp(-(u[k] - log(K - 1 - k))))
                value -= log(z) + log1p(-z) + log(rest)
                x.append(rest * z)
                rest *= 1 - z
            x.append(rest)
            u, gradient = u[K - 1 :], gradient[K - 1 :]
        print(f'    .init(\n      model: "{name}", simplex: {row(x)},\n      position: {row(u)},\n      value: {value!r},\n      gradient: {row(gradient)}),')
print("  ]\n}")
