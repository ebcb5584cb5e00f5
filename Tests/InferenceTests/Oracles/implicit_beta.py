"""Derivatives of Beta and Student t draws by their parameters at a fixed level of the distribution function, -(dF/dp) / f, with 60 digits (mpmath):
F by mpmath's betainc in the tail that is the smaller, its derivative by a central difference.

python3 implicit_beta.py > ../EstimatorImplicitBetaOracle.swift
"""
from mpmath import mp, mpf, betainc, beta, exp, hyp2f1, log, log1p

mp.dps = 60


def sides(u):
    """x and 1 - x of logit x = u."""
    return 1 / (1 + exp(-u)), 1 / (1 + exp(u))


def lower(a, b, x):
    if a + b < 500:
        return betainc(a, b, 0, x, regularized=True)
    # The sum that betainc takes alternates and would cancel for large parameters; this one is positive (DLMF 8.17.8).
    if x > mpf(10) ** -20 and a * (1 - x) < b * x:
        return 1 - lower(b, a, 1 - x)
    return exp(a * log(x) + b * log1p(-x)) * hyp2f1(a + b, 1, a + 1, x) / (a * beta(a, b))


def mass(a, b, u):
    """The lower tail of logit x at u, by the side of which x is known better."""
    x, y = sides(u)
    return lower(a, b, x) if x < y else 1 - lower(b, a, y)


def quantile(a, b, p, upper):
    """A double u with the lower (or upper) tail of logit x about p: bisection in fewer digits."""
    with mp.workdps(30):
        low, high = mpf(-80) / min(a, 1), mpf(80) / min(b, 1)
        for _ in range(45):
            u = (low + high) / 2
            is_left = mass(b, a, -u) > p if upper else mass(a, b, u) < p
            low, high = (u, high) if is_left else (low, u)
        return mpf(float("%.5g" % u))


def slopes(a, b, u):
    """(du/da, du/db) of u = logit x."""
    x, y = sides(u)
    density = exp(a * log(x) + b * log(y)) / beta(a, b)

    def tail(a, b):
        return lower(a, b, x) if x < y else -lower(b, a, y)

    result = []
    for da, db in ((1, 0), (0, 1)):
        h = (a if da else b) * mpf(10) ** -15
        result.append(-(tail(a + da * h, b + db * h) - tail(a - da * h, b - db * h)) / (2 * h) / density)
    return result


def row(*numbers):
    print("  (%s)," % ", ".join(repr(float(x)) for x in numbers))


print("// Made by Oracles/implicit_beta.py (mpmath, 60 digits).\n")
print("/// (a, b, u, du/da, du/db) for u = logit x of draws x of Beta(a, b).")
print("let betaDrawDerivatives: [(a: Double, b: Double, u: Double, byA: Double, byB: Double)] = [")
grid = [mpf(float(s)) for s in ("0.001", "0.02", "0.3", "1", "5", "60", "10000")]
for a in grid:
    for b in grid:
        for level, upper in (("1e-9", False), ("0.03", False), ("0.5", False), ("0.03", True), ("1e-9", True)):
            u = quantile(a, b, mpf(level), upper)
            row(a, b, u, *slopes(a, b, u))
print("]\n")

print("/// (df, t, dt/d df) for draws t of Student's t.")
print("let studentDrawDerivatives: [(df: Double, t: Double, slope: Double)] = [")
for nu in ("0.05", "0.2", "0.7", "1", "2", "5", "12", "30", "31", "100", "1000", "100000"):
    nu = mpf(float(nu))
    far = [mp.sqrt(nu) * mpf(q) ** (-1 / nu) for q in ("0.1", "1e-4", "1e-9")] if nu < 20 else [2.4, 4, 6.5]
    for t in [0.025, 0.5, 1.5] + far:
        t = mpf(float("%.6g" % t))

        # P(|T| < t), or less 1, by Beta(1/2, df/2) for t^2 / (df + t^2).
        def inner(nu):
            if t * t > nu:
                return -betainc(nu / 2, mpf(0.5), 0, nu / (nu + t * t), regularized=True)
            return betainc(mpf(0.5), nu / 2, 0, t * t / (nu + t * t), regularized=True)

        h = nu * mpf(10) ** -15
        density = (1 + t * t / nu) ** (-(nu + 1) / 2) / (mp.sqrt(nu) * beta(mpf(0.5), nu / 2))
        row(nu, t, -(inner(nu + h) - inner(nu - h)) / (2 * h) / (2 * density))
print("]")
