import Differentiation

/// A distribution of v = m + s z (or m + L z), where the density of z knows neither m nor s, and v is the unconstrained coordinate that the
/// support's bijection gives: the value itself on ℝ, its logarithm on x > 0.
///
/// That is what a latent variable needs to be moved in another coordinate than its own value, such as z (non-centring).
package protocol StandardizedDistribution: Distribution where Value == Tensor {
  /// Nil where this one has no such form.
  var standardization: Standardization? { get }
}

/// Location and spread of a ``StandardizedDistribution``, and the density that remains without them.
package struct Standardization: Sendable {
  package enum Spread: Sendable {
    /// s > 0, elementwise.
    case scale(Tensor)
    /// L [n, n], lower triangular with a positive diagonal.
    case factor(Tensor)
  }
  /// m, of a shape that stretches to that of a value.
  package let location: Tensor
  package let spread: Spread
  /// The log density of z; it has the batch shape of the distribution where z has the shape of a value, and one number for each element of z
  /// where the elements are independent.
  package let logDensity: @Sendable (_ z: Tensor) -> Tensor

  init(_ location: Tensor, _ spread: Spread, _ logDensity: @escaping @Sendable (Tensor) -> Tensor) {
    self.location = location
    self.spread = spread
    self.logDensity = logDensity
  }

  /// s, where it is elementwise.
  package var scale: Tensor? { if case .scale(let s) = spread { s } else { nil } }

  /// v at z.
  package func value(at z: Tensor) -> Tensor {
    switch spread {
    case .scale(let s): location + s * z
    case .factor(let l): location + matmul(l, z)
    }
  }

  /// z at v.
  package func standard(at v: Tensor) -> Tensor {
    switch spread {
    case .scale(let s): (v - location) * reciprocal(s)
    case .factor(let l): triangularSolve(l, v - location)
    }
  }
}

extension Normal: StandardizedDistribution {
  package var standardization: Standardization? { Standardization(mu, .scale(sd)) { Normal(0, sd: 1).logDensity(inside: $0) } }
}

extension LogNormal: StandardizedDistribution {
  package var standardization: Standardization? { Standardization(mu, .scale(sd)) { Normal(0, sd: 1).logDensity(inside: $0) } }
}

extension StudentT: StandardizedDistribution {
  package var standardization: Standardization? {
    Standardization(location, .scale(scale)) { [df] in StudentT(df: df, 0, scale: 1).logDensity(inside: $0) }
  }
}

extension Cauchy: StandardizedDistribution {
  package var standardization: Standardization? {
    Standardization(location, .scale(scale)) { Cauchy(0, scale: 1).logDensity(inside: $0) }
  }
}

extension Laplace: StandardizedDistribution {
  package var standardization: Standardization? {
    Standardization(location, .scale(scale)) { Laplace(0, scale: 1).logDensity(inside: $0) }
  }
}

extension Logistic: StandardizedDistribution {
  package var standardization: Standardization? {
    Standardization(location, .scale(scale)) { Logistic(0, scale: 1).logDensity(inside: $0) }
  }
}

extension Gumbel: StandardizedDistribution {
  package var standardization: Standardization? {
    Standardization(location, .scale(scale)) { Gumbel(0, scale: 1).logDensity(inside: $0) }
  }
}

extension AsymmetricLaplace: StandardizedDistribution {
  package var standardization: Standardization? {
    Standardization(location, .scale(scale)) { [asymmetry] in
      AsymmetricLaplace(0, scale: 1, asymmetry: asymmetry).logDensity(inside: $0)
    }
  }
}

extension LogitNormal: StandardizedDistribution {
  package var standardization: Standardization? { Standardization(mu, .scale(sd)) { Normal(0, sd: 1).logDensity(inside: $0) } }
}

extension Weibull: StandardizedDistribution {
  /// log x = log λ + z/k with z the logarithm of an exponential variable.
  package var standardization: Standardization? {
    Standardization(log(scale), .scale(reciprocal(exponent))) { Gumbel(0, scale: 1).logDensity(inside: -$0) }
  }
}

extension Frechet: StandardizedDistribution {
  /// log x = log σ + z/α with z a Gumbel variable.
  package var standardization: Standardization? {
    Standardization(log(scale), .scale(reciprocal(exponent))) { Gumbel(0, scale: 1).logDensity(inside: $0) }
  }
}

extension LogLogistic: StandardizedDistribution {
  package var standardization: Standardization? {
    Standardization(log(scale), .scale(reciprocal(exponent))) { Logistic(0, scale: 1).logDensity(inside: $0) }
  }
}

extension SkewNormal: StandardizedDistribution {
  package var standardization: Standardization? {
    Standardization(location, .scale(scale)) { [slant] in SkewNormal(0, scale: 1, shape: slant).logDensity(inside: $0) }
  }
}

extension ZeroSumNormal: StandardizedDistribution {
  /// Of the coordinates in an orthonormal basis of the vectors with sum 0.
  package var standardization: Standardization? { Standardization(0, .scale(sd)) { Normal(0, sd: 1).logDensity(inside: $0) } }
}

extension MultivariateNormal: StandardizedDistribution {
  package var standardization: Standardization? {
    Standardization(mu, .factor(lowerTriangle(factor))) { Normal(0, sd: 1).logDensity(inside: $0).sum(axis: 0) }
  }
}

extension Repeated: StandardizedDistribution where Base: StandardizedDistribution {
  /// That of one copy, which stretches; copies of vectors have none.
  package var standardization: Standardization? { base.eventShape.isEmpty ? base.standardization : nil }
}
