"""Log densities and gradients of the built-in posteriors, written a second time with jax.scipy in double precision.

Run with a Python that has jax: python densities.py ../../../Models/Data > ../DensityOracle.swift
Points are unconstrained vectors u; values include the log Jacobians. Improper priors add nothing.
"""
import json, os, sys
import jax, jax.numpy as np
import jax.scipy.stats as st
from jax.scipy.special import logsumexp

jax.config.update("jax_enable_x64", True)
source = sys.argv[1]
data = lambda name: {k: np.array(v) for k, v in json.load(open(os.path.join(source, name + ".json"))).items()}
normal, log, exp = st.norm.logpdf, np.log, np.exp
half = log(2.0)


def half_cauchy(x, scale): return half + st.cauchy.logpdf(x, 0, scale)
def half_normal(x, sd): return half + normal(x, 0, sd)
def sigmoid(u): return 1 / (1 + exp(-u))


def eight_schools(centred):
    d = data("eight_schools")
    def f(u):
        mu, tau, z = u[0], exp(u[1]), u[2:]
        theta = z if centred else mu + tau * z
        prior = normal(z, mu, tau).sum() if centred else normal(z).sum()
        return normal(mu, 0, 5) + half_cauchy(tau, 5) + u[1] + prior + normal(d["y"], theta, d["sigma"]).sum()
    return 10, f


def regression(X, y, prior, sigma_prior):
    k = X.shape[1]
    def f(u):
        beta, sigma = u[:k], exp(u[k])
        return prior(beta) + sigma_prior(sigma) + u[k] + normal(y, X @ beta, sigma).sum()
    return k + 1, f


flat = lambda x: 0.0


def kidiq():
    d = data("kidiq")
    hs, iq = d["mom_hs"], d["mom_iq"]
    return regression(np.stack([np.ones(len(hs)), hs, iq, hs * iq], 1), d["kid_score"], flat, lambda s: half_cauchy(s, 2.5))


def earnings():
    d = data("earnings")
    h, m = d["height"], d["male"]
    return regression(np.stack([np.ones(len(h)), h, m, h * m], 1), log(d["earn"]), flat, flat)


def mesquite():
    d = data("mesquite")
    logs = [log(d[k]) for k in ["diam1", "diam2", "canopy_height", "total_height", "density"]]
    return regression(np.stack([np.ones(46)] + logs + [d["group"]], 1), log(d["weight"]), flat, flat)


def nes():
    d = data("nes1980")
    a = d["age_discrete"]
    X = [np.ones(len(a)), d["real_ideo"], d["race_adj"], a == 2, a == 3, a == 4, d["educ1"], d["gender"], d["income"]]
    return regression(np.stack([x.astype(float) for x in X], 1), d["partyid7"], flat, flat)


def sblrc():
    d = data("sblrc")
    return regression(d["X"], d["y"], lambda b: normal(b, 0, 10).sum(), lambda s: half_normal(s, 10))


def ark():
    d = data("arK")
    y, K = d["y"], int(d["K"])
    X = np.stack([y[K - k : len(y) - k] for k in range(1, K + 1)], 1)
    def f(u):
        alpha, beta, sigma = u[0], u[1 : K + 1], exp(u[K + 1])
        prior = normal(alpha, 0, 10) + normal(beta, 0, 10).sum() + half_cauchy(sigma, 2.5) + u[K + 1]
        return prior + normal(y[K:], alpha + X @ beta, sigma).sum()
    return K + 2, f


def garch():
    d = data("garch")
    y = d["y"]
    def f(u):
        mu, a0, a1 = u[0], exp(u[1]), sigmoid(u[2])
        b1 = (1 - a1) * sigmoid(u[3])
        jacobian = u[1] + log(a1) + log(1 - a1) + log(1 - a1) + log(sigmoid(u[3])) + log(1 - sigmoid(u[3]))
        v, total = d["sigma1"] ** 2, normal(y[0], mu, d["sigma1"])
        for t in range(1, len(y)):
            v = a0 + a1 * (y[t - 1] - mu) ** 2 + b1 * v
            total = total + normal(y[t], mu, np.sqrt(v))
        return jacobian + total
    return 4, f


def gp_pois():
    d = data("gp_pois_regr")
    x, k = d["x"], d["k"]
    def f(u):
        rho, alpha, xi = exp(u[0]), exp(u[1]), u[2:]
        C = alpha**2 * exp(-((x[:, None] - x) ** 2) / (2 * rho**2)) + 1e-10 * np.eye(len(x))
        rate = exp(np.linalg.cholesky(C) @ xi)
        prior = st.gamma.logpdf(rho, 25, scale=1 / 4) + half_normal(alpha, 2) + u[0] + u[1] + normal(xi).sum()
        return prior + st.poisson.logpmf(k, rate).sum()
    return 13, f


def two_normals():
    y = data("low_dim_gauss_mix")["y"]
    def f(u):
        mu = np.array([u[0], u[0] + exp(u[1])])
        sigma, theta = exp(u[2:4]), sigmoid(u[4])
        prior = normal(mu, 0, 2).sum() + half_normal(sigma, 2).sum() + st.beta.logpdf(theta, 5, 5)
        jacobian = u[1:4].sum() + log(theta) + log(1 - theta)
        a, b = log(theta) + normal(y, mu[0], sigma[0]), log(1 - theta) + normal(y, mu[1], sigma[1])
        return prior + jacobian + np.logaddexp(a, b).sum()
    return 5, f


def hmm():
    y = data("hmm_example")["y"]
    # Isometric log-ratio of two: x = softmax(u/√2, −u/√2); dx₁/du = √2 x₁ x₂.
    simplex = lambda u: (np.array([sigmoid(np.sqrt(2.0) * u), sigmoid(-np.sqrt(2.0) * u)]))
    def f(u):
        T = np.stack([simplex(u[0]), simplex(u[1])])
        mu = np.array([exp(u[2]), exp(u[2]) + exp(u[3])])
        jacobian = log(T).sum() + log(2.0) + u[2] + u[3]
        e = normal(y[:, None], mu, 1)
        a = e[0]
        for t in range(1, len(y)):
            a = logsumexp(a[:, None] + log(T), axis=0) + e[t]
        return normal(mu, np.array([3.0, 10.0]), 1).sum() + jacobian + logsumexp(a)
    return 4, f


cases = {
    "arK-arK": ark(), "earnings-logearn_interaction": earnings(), "eight_schools-eight_schools_centered": eight_schools(True),
    "eight_schools-eight_schools_noncentered": eight_schools(False), "garch-garch11": garch(), "gp_pois_regr-gp_pois_regr": gp_pois(),
    "hmm_example-hmm_example": hmm(), "kidiq-kidscore_interaction": kidiq(), "low_dim_gauss_mix-low_dim_gauss_mix": two_normals(),
    "mesquite-logmesquite": mesquite(), "nes1980-nes": nes(), "sblrc-blr": sblrc(),
}
print("// Made by Oracles/densities.py: unconstrained points with log densities and gradients. Not to be edited.")
print("struct DensityOracle: Sendable {\n  let model: String\n  let position: [Double]\n  let value: Double\n  let gradient: [Double]\n")
print("  static let all: [DensityOracle] = [")
row = lambda v: "[" + ", ".join(repr(float(x)) for x in v) + "]"
for name, (n, f) in cases.items():
    g = jax.value_and_grad(f)
    for p in range(3):
        # At the last point rho of the Gaussian process is about e: larger ones make its matrix nearly singular, and values in doubles differ.
        u = np.array([0.9 * float(np.sin(1.7 * i + 2.3 * p + 0.4)) for i in range(n)])
        value, gradient = g(u)
        print(f'    .init(\n      model: "{name}", position: {row(u)},\n      value: {float(value)!r}, gradient: {row(gradient)}),')
print("  ]\n}")
