import Differentiation

// Distribution functions of the extreme value families, 1 − exp(−eᵗ) with t linear in x or log x.

/// log(1 − exp(−eᵗ)): t itself, to the last bit, where eᵗ is below the spacing of doubles at 1.
func logOneMinusExpOfExp(_ t: Tensor) -> Tensor {
  let isFar = t .< -37
  return select(isFar, t, log1mExp(-exp(select(isFar, 0, t))))
}

/// The t with log(1 − exp(−eᵗ)) = l, for l < 0.
func inverseLogOneMinusExpOfExp(_ l: Tensor) -> Tensor {
  let isFar = l .< -37
  return select(isFar, l, log(-log1mExp(select(isFar, -1, l))))
}

/// Euler's constant γ, minus the mean of log E for E exponential.
let eulerGamma = 0.57721566490153286061
