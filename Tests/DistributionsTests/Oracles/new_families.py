"""Log densities of the families beyond log_densities.py, to 60 digits with mpmath, cross-checked against SciPy: writes ../OracleTables9.swift and up.

Columns and terms as in log_densities.py, written independently of the Swift code.
Run: python3 new_families.py
"""
import math
import numpy as np
from mpmath import mp, mpf, log, log1p, exp, expm1, pi, loggamma, sqrt, erfc, inf, quad
from scipy import stats

mp.dps = 60
nowhere = [-inf]


def is_count(k):
    return k >= 0 and k == mp.floor(k)


def rest(a):
    return mpf(0) if a == 0 else loggamma(a + 1) - a * log(a) + a


def deviance(k, rate):
    return rate if k == 0 else inf if rate == 0 else k * log(k / rate) + rate - k


def sigma(x):
    return 1 / (1 + exp(-x))


def ordered(cdf):
    """Predictor, three cut points, class: one term, the logarithm of a difference of probabilities."""
    def f(eta, c1, c2, c3, k):
        if not is_count(k) or k > 3:
            return nowhere
        with mp.workdps(800):
            cuts = [-inf, c1, c2, c3, inf]
            low, high = [0 if c == -inf else 1 if c == inf else cdf(c - eta) for c in cuts[int(k):int(k) + 2]]
            return [log(high - low)]
    return f


def weibull(k, s, x):
    t = k * log(x / s) if x > 0 else None
    return nowhere if x <= 0 else [log(k), t, -log(x), -exp(t)]


def gumbel(m, s, x):
    z = (x - m) / s
    return [-z, -exp(-z), -log(s)]


def pareto(m, a, x):
    return nowhere if x < m else [log(a), -log(x), -a * log(x / m)]


def geometric(p, k):
    if not is_count(k):
        return nowhere
    return [log(p)] if k == 0 else [log(p), k * log1p(-p) if p < 1 else -inf]


def geometric_logits(l, k):
    return nowhere if not is_count(k) else [-log1p(exp(-l)), -k * log1p(exp(l))]


def discrete_uniform(b, k):
    return nowhere if not is_count(k) or k < 2 or k > b else [-log(b - 1)]


def compound(counts, alphas):
    n, s = sum(counts), sum(alphas)
    terms = [rest(n), rest(s), -rest(n + s), log(n + s), -log(s)]
    for k, a in zip(counts, alphas):
        share = (k + a) / (n + s)
        terms += [rest(k + a), -rest(k), -rest(a), log(a / (k + a)), -deviance(k, n * share), -deviance(a, s * share)]
    return terms


def beta_binomial(n, a, b, k):
    return nowhere if not is_count(k) or k > n else compound([k, n - k], [a, b])


def zero_inflated(r, psi, k):
    if not is_count(k):
        return nowhere
    ordinary = [-deviance(k, r), -rest(k)]
    if k == 0:
        return [log(psi + (1 - psi) * exp(sum(ordinary)))]
    return nowhere if psi == 1 else ordinary + [log1p(-psi)]


def half_student(v, s, x):
    if x < 0:
        return nowhere
    return [log(mpf(2)), loggamma((v + 1) / 2) - loggamma(v / 2), -log(v * pi) / 2, -log(s), -(v + 1) / 2 * log1p((x / s) ** 2 / v)]


def inverse_gamma(a, b, x):
    if x <= 0:
        return nowhere
    if a < 21:
        return [-(a + 1) * log(x), -b / x, a * log(b), -loggamma(a)]
    return [-deviance(a + 1, b / x), -rest(a + 1), log(a), log(a + 1), -log(b)]


def gamma_density(a, r, x):
    if x <= 0:
        return nowhere
    if a < 21:
        return [(a - 1) * log(x), -r * x, a * log(r), -loggamma(a)]
    return [-deviance(a - 1, r * x), -rest(a - 1), log(r)]


def asymmetric_laplace(m, s, kappa, x):
    z = (x - m) / s
    return [-kappa * z if z >= 0 else z / kappa, -log(s), -log(kappa + 1 / kappa)]


def kumaraswamy(a, b, x):
    return nowhere if x <= 0 or x >= 1 else [log(a), log(b), (a - 1) * log(x), (b - 1) * log(-expm1(a * log(x)))]


def logit_normal(m, s, x):
    if x <= 0 or x >= 1:
        return nowhere
    return [-((log(x) - log1p(-x) - m) / s) ** 2 / 2, -log(s), -log(2 * pi) / 2, -log(x), -log1p(-x)]


def grid(parameters, values):
    return [tuple(p) + (v,) for p in parameters for v in values]


line = [0.0, 1.0, -1.0, 0.3, -2.5, 7.25, -40.0, 1e-8, 1e3, -1e5, 1e-300, 37.123456789]
ray = [0.0, -1.0, 1e-300, 1e-10, 0.05, 0.5, 1.0, 2.5, 17.0, 400.0, 1e6, -1e-300]
unit = [0.0, 1.0, 1e-300, 1e-12, 0.01, 0.25, 0.5, 0.75, 0.99, 1 - 2.0 ** -52, -0.1, 1.1]
counts = [0.0, 1.0, 2.0, 5.0, 17.0, 100.0, 1000.0, -1.0, 2.5, 1e6]
classes = [0.0, 1.0, 2.0, 3.0, 4.0, -1.0, 1.5]
cuts = [(-1.0, 0.5, 2.0), (-30.0, 1.0, 31.0), (-0.25, 0.25, 8.0)]
predictors = [0.0, 1.5, -3.0, 12.0, -25.0]
ordinal = [(eta,) + c for eta in predictors for c in cuts]

tables = [
    ("orderedLogistic", ordered(sigma), grid(ordinal + [(400.0,) + cuts[0], (-650.0,) + cuts[2]], classes), None),
    ("orderedProbit", ordered(lambda z: erfc(-z / sqrt(mpf(2))) / 2), grid(ordinal + [(40.0,) + cuts[0]], classes), None),
    ("weibull", weibull, grid([(1.0, 1.0), (0.5, 2.0), (2.0, 0.5), (25.0, 4.0), (0.01, 3.0), (300.0, 17.0)], ray), lambda k, s: stats.weibull_min(k, 0, s)),
    ("gumbel", gumbel, grid([(0.0, 1.0), (1.5, 0.25), (-300.0, 250.0), (0.1, 5.0), (2.0, 1e8)], line), lambda m, s: stats.gumbel_r(m, s)),
    ("pareto", pareto, grid([(1.0, 1.0), (0.5, 2.0), (0.05, 30.0), (17.0, 0.01), (1e-3, 3.0)], ray + [1.5, 17.0000001]), lambda m, a: stats.pareto(a, 0, m)),
    ("geometric", geometric, grid([(1.0,), (0.5,), (0.01,), (1e-8,), (0.999,), (0.3,)], counts), lambda p: stats.geom(p, -1)),
    ("geometricLogits", geometric_logits, grid([(0.0,), (1.5,), (-1.5,), (30.0,), (-30.0,), (-4.0,)], counts), None),
    ("discreteUniform", discrete_uniform, grid([(2.0,), (3.0,), (17.0,), (5.0,), (1000.0,), (2e6,)], counts), lambda b: stats.randint(2, int(b) + 1)),
    ("betaBinomial", beta_binomial,
     grid([(5.0, 1.0, 1.0), (17.0, 0.5, 3.0), (100.0, 30.0, 8.0), (1000.0, 0.01, 4.0), (2e6, 2.0, 3.0), (2e6, 5e3, 5e3), (0.0, 2.0, 3.0), (20.0, 1e6, 1e6)], counts),
     lambda n, a, b: stats.betabinom(int(n), a, b)),
    ("zeroInflatedPoisson", zero_inflated, grid([(1.0, 0.3), (0.01, 0.9), (17.0, 1e-8), (1000.0, 0.5), (3.0, 0.0), (3.0, 1.0)], counts), None),
    ("halfStudentT", half_student, grid([(1.0, 1.0), (3.0, 0.01), (0.2, 250.0), (30.0, 2.0), (50.0, 1e3)], ray), lambda v, s: stats.t(v, 0, s)),
    ("chiSquared", lambda v, x: gamma_density(v / 2, mpf(1) / 2, x), grid([(1.0,), (2.0,), (0.05,), (7.5,), (300.0,)], ray), lambda v: stats.chi2(v)),
    ("inverseChiSquared", lambda v, x: inverse_gamma(v / 2, mpf(1) / 2, x), grid([(1.0,), (2.0,), (0.05,), (7.5,), (300.0,)], ray),
     lambda v: stats.invgamma(v / 2, 0, 0.5)),
    ("scaledInverseChiSquared", lambda v, s, x: inverse_gamma(v / 2, v * s * s / 2, x), grid([(1.0, 1.0), (4.0, 0.1), (0.05, 3.0), (7.5, 2.0), (300.0, 20.0)], ray),
     lambda v, s: stats.invgamma(v / 2, 0, v * s * s / 2)),
    ("asymmetricLaplace", asymmetric_laplace, grid([(0.0, 1.0, 1.0), (1.5, 0.01, 2.0), (-300.0, 250.0, 0.25), (0.1, 1e-3, 0.9), (2.0, 1e4, 7.0)], line),
     lambda m, s, k: stats.laplace_asymmetric(k, m, s)),
    ("kumaraswamy", kumaraswamy, grid([(1.0, 1.0), (0.5, 0.5), (5.0, 5.0), (2.0, 30.0), (0.01, 4.0), (100.0, 20.0)], unit), None),
    ("logitNormal", logit_normal, grid([(0.0, 1.0), (1.5, 0.1), (-3.0, 2.5), (0.1, 1e-2), (20.0, 7.0)], unit), None),
]


def size_of(terms):
    sizes = [abs(t) for t in terms]
    return max(sizes) if sizes and max(sizes) < inf else mpf(0)


def log_double_factorial_ratio(b):
    """log of the integral of (1 - z^2)^(b-1) over -1 < z < 1."""
    return log(pi) / 2 + loggamma(b) - loggamma(b + mpf(1) / 2)


def vector_rows():
    rng = np.random.default_rng(20261124)
    lkj, multinomials, compounds, students = [], [], [], []
    for n in [1, 2, 3, 5]:
        for repeat in range(13):
            eta = float(np.round(np.exp(rng.normal() * 1.2), 3))
            root = np.tril(rng.normal(size=(n, n)))
            root[np.diag_indices(n)] = np.abs(root[np.diag_indices(n)]) + 0.05
            l = root / np.sqrt((root ** 2).sum(axis=1, keepdims=True))
            e = mpf(eta)
            terms = [(n - k + 2 * e - 2) * log(mpf(float(l[k - 1, k - 1]))) for k in range(2, n + 1)]
            # The normalizer as Lewandowski, Kurowicka & Joe have it: the vine's partial correlations, each a beta variable on (-1, 1).
            terms += [-(n - j) * log_double_factorial_ratio(e + mpf(n - 1 - j) / 2) for j in range(1, n)]
            lkj.append([n, eta, *l.ravel(), sum(terms) if terms else mpf(0), size_of(terms)])
    for n in [2, 3, 5]:
        for repeat in range(18):
            trials = int([3, 40, 100000][repeat % 3])
            logits = np.round(rng.normal(size=n) * [1, 3][repeat % 2], 3)
            L = [mpf(float(v)) for v in logits]
            total = sum(exp(v) for v in L)
            p = [exp(v) / total for v in L]
            k = rng.multinomial(trials, [float(v) for v in p])
            terms = [rest(mpf(trials))] + [-rest(mpf(int(v))) - deviance(mpf(int(v)), trials * q) for v, q in zip(k, p)]
            check = stats.multinomial(trials, [float(v) for v in p]).logpmf(k)
            assert abs(check - float(sum(terms))) < 1e-6 * max(1, abs(check)), (check, sum(terms))
            multinomials.append([n, trials, *logits, *k, sum(terms), size_of(terms)])
            alpha = np.round(np.exp(rng.normal(size=n) * 1.5), 4)
            k = rng.multinomial(trials, rng.dirichlet(alpha))
            terms = compound([mpf(int(v)) for v in k], [mpf(float(v)) for v in alpha])
            check = stats.dirichlet_multinomial(alpha, trials).logpmf(k)
            assert abs(check - float(sum(terms))) < 1e-6 * max(1, abs(check)), (check, sum(terms))
            compounds.append([n, trials, *alpha, *k, sum(terms), size_of(terms)])
            df = float(np.round(np.exp(rng.normal() * 2 + 1), 3))
            l = np.tril(np.round(rng.normal(size=(n, n)), 3))
            l[np.diag_indices(n)] = np.round(np.abs(l[np.diag_indices(n)]) + 0.2, 3)
            x = np.round(rng.normal(size=n) * 3, 3)
            v = mpf(df)
            z = mp.lu_solve(mp.matrix([[mpf(float(a)) for a in row] for row in l]), mp.matrix([mpf(float(a)) for a in x]))
            q = sum(a * a for a in z)
            terms = [loggamma((v + n) / 2) - loggamma(v / 2) - mpf(n) / 2 * log(v / 2), -mpf(n) / 2 * log(2 * pi), -(v + n) / 2 * log1p(q / v)]
            terms += [-log(mpf(float(a))) for a in np.diag(l)]
            check = stats.multivariate_t(np.zeros(n), l @ l.T, df).logpdf(x)
            assert abs(check - float(sum(terms))) < 1e-7 * max(1, abs(check)), (check, sum(terms))
            students.append([n, df, *l.ravel(), *x, sum(terms), size_of(terms)])
    return [("lkjCholesky", lkj), ("multinomialLogits", multinomials), ("dirichletMultinomial", compounds), ("multivariateStudentT", students)]


def show(v):
    v = float(v)
    if math.isinf(v):
        return "inf" if v > 0 else "-inf"
    return str(int(v)) if v == int(v) and abs(v) < 1e15 else repr(v)


written = []
for name, density, rows, frozen_of in tables:
    done = []
    for row in rows:
        terms = density(*[mpf(v) for v in row])
        value = sum(terms)
        if frozen_of is not None and -inf < value < inf and value > -1e5:
            frozen = frozen_of(*row[:-1])
            check = frozen.logpdf(row[-1]) if not hasattr(frozen, "pmf") or not hasattr(frozen.dist, "logpmf") else frozen.logpmf(row[-1])
            check += math.log(2) if name == "halfStudentT" else 0
            if np.isfinite(check):
                assert abs(check - float(value)) < 1e-6 * max(1, abs(check)), (name, row, check, float(value))
        done.append(list(row) + [value, size_of(terms)])
    assert len(done) >= 50, (name, len(done))
    written.append((name, done))
written += vector_rows()

files, current = [], []
for name, rows in written:
    if sum(len(r) + 4 for _, r in current) + len(rows) + 4 > 330:
        files.append(current)
        current = []
    current.append((name, rows))
files.append(current)
for index, chosen in enumerate(files):
    with open(f"../OracleTables{index + 9}.swift", "w") as f:
        f.write("// Written by Oracles/new_families.py: parameters, value, log density to the last bit, the largest of its terms.\n")
        f.write("extension OracleTable {\n")
        for name, rows in chosen:
            f.write(f'  static let {name} = """\n')
            for row in rows:
                f.write("    " + " ".join(show(v) for v in row[:-1]) + f" {float(row[-1]):.3g}\n")
            f.write('    """\n')
        f.write("}\n")
print([(name, len(rows)) for name, rows in written], len(files))
