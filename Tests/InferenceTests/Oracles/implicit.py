"""Derivatives of Gamma(a, 1) draws by their shape at a fixed level of the distribution function, dz/da = -(dP/da)(a, z) / p(z; a), with 40 digits (mpmath).

python3 implicit.py > ../EstimatorImplicitOracle.swift
"""
from mpmath import mp, mpf, gammainc, gamma, diff, findroot, exp, log, loggamma

mp.dps = 40


def cdf(a, z):
    return gammainc(a, 0, z, regularized=True)


rows = []
for a in ["0.01", "0.05", "0.1", "0.3", "0.7", "1", "1.5", "2.5", "5", "12", "40", "150", "1000"]:
    a = mpf(a)
    sd = a ** mpf("0.5")
    # Points over the bulk and both tails; for small shapes on the logarithmic scale of their draws.
    points = {mp.mpf(p) for p in ["1e-12", "1e-6", "1e-3", "0.1", "0.5", "1", "2", "5"]} if a < 3 else {a + k * sd for k in [-2, -1, 0, 1, 2, 4]}
    if a == mpf("2.5"):
        points = points | {mpf(2)}
    for z in sorted(points):
        if z <= 0:
            continue
        density = exp((a - 1) * log(z) - z - loggamma(a))
        slope = -diff(lambda s: cdf(s, z), a) / density
        rows.append((a, z, slope))

print("// Made by Oracles/implicit.py (mpmath, 40 digits).\n")
print("/// (a, z, dz/da) for draws z of Gamma(a, 1).")
print("let gammaDrawDerivatives: [(a: Double, z: Double, slope: Double)] = [")
for a, z, s in rows:
    print("  (%s, %s, %s)," % tuple(repr(float(x)) for x in (a, z, s)))
print("]")

# Von Mises about 0: dz/dk = -(dF/dk)/f with F by quadrature, its derivative by differences in 40 digits.
def von_mises_cdf(k, z):
    scale = mp.quad(lambda t: mp.exp(k * (mp.cos(t) - 1)), mp.linspace(0, mp.pi, 9) if k < 50 else [0, 1 / mp.sqrt(k), 4 / mp.sqrt(k), 12 / mp.sqrt(k), mp.pi])
    points = [0, z] if z < 3 / mp.sqrt(k + 1) else [0, 1 / mp.sqrt(k + 1), 3 / mp.sqrt(k + 1), z]
    return mp.mpf(1) / 2 + mp.quad(lambda t: mp.exp(k * (mp.cos(t) - 1)), points) / (2 * scale), scale


print()
print("/// (k, z, dz/dk) for von Mises draws z about 0 of concentration k.")
print("let vonMisesDrawDerivatives: [(k: Double, z: Double, slope: Double)] = [")
for k in (0.001, 0.1, 0.5, 1, 3, 10, 80, 1000):
    k = mp.mpf(k)
    for step in (0.05, 0.5, 1, 2, 3, 5):
        z = mp.mpf(float(min(step / mp.sqrt(k), step * mp.pi / 5.2)))
        h = k * mp.mpf(10) ** -12
        slope = (von_mises_cdf(k + h, z)[0] - von_mises_cdf(k - h, z)[0]) / (2 * h)
        density = mp.exp(k * (mp.cos(z) - 1)) / (2 * von_mises_cdf(k, z)[1])
        print("  (%r, %r, %r)," % (float(k), float(z), float(-slope / density)))
print("]")
