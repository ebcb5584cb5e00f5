import Differentiation

// Counts k of n whose probabilities are Dirichlet distributed with concentrations α of sum s (two classes: beta). With K = k + α and N = n + s the
// log probability is
//   log[n!/Πk!] + log Γ(s)/Γ(N) + Σ log Γ(K)/Γ(α),
// where terms of size n log n cancel. With Stirling's leading terms taken out of every factorial, the rest is a sum of deviances: k from its
// share nK/N, and α from its share sK/N (compare Deviance.swift).

/// What one class adds.
func compoundTerm(count k: Tensor, _ alpha: Tensor, trials n: Tensor, total s: Tensor) -> Tensor {
  let (own, all) = (k + alpha, n + s)
  let share = own / all
  let expected = select(n .== 0, 1, n) * share
  let distance = deviance(k, rate: n * share) { log(expected / $0) } + deviance(alpha, logRatio: log(s / alpha * share))
  return (logFactorialRest(own) - logFactorialRest(k) - logFactorialRest(alpha)) + log(alpha / own) - distance
}

/// What all classes share.
func compoundNormalizer(trials n: Tensor, total s: Tensor) -> Tensor {
  logFactorialRest(n) + logFactorialRest(s) - logFactorialRest(n + s) + log1p(n / s)
}
