/// A random draw inside a graph. Its bits are addressed by the execution's seed and step, the lane's chain, this site, and the element.
package struct Draw: Hashable, Sendable {
  package enum Kind: UInt8, Sendable {
    /// Parameter-free: uniform (0,1), standard normal, exponential, Gumbel, logistic.
    case uniform, normal, exponential, gumbel, logistic
    /// inputs (a): Gamma(a, 1), and its logarithm, which stays finite for small a. Differentiable implicitly: dz/da at a fixed level.
    case gamma, logGamma
    /// inputs (rate): Poisson. inputs (n, p): binomial. Not differentiable.
    case poisson, binomial
    /// inputs (κ): von Mises about 0. Differentiable implicitly.
    case vonMises

    /// A draw may have one input more than parameters: a number that is part of its address. In a loop it differs from step to step.
    var parameterCount: Int {
      switch self {
      case .uniform, .normal, .exponential, .gumbel, .logistic: 0
      case .gamma, .logGamma, .poisson, .vonMises: 1
      case .binomial: 2
      }
    }
  }
  package let kind: Kind
  /// Distinguishes draws: equal sites draw equal bits.
  package let site: UInt32
  package init(_ kind: Kind, site: UInt32) {
    self.kind = kind
    self.site = site
  }
}

extension Node {
  package static func draw(_ kind: Draw.Kind, site: UInt32, shape: [Int], parameters: [Node] = []) -> Node {
    Node(.draw(Draw(kind, site: site)), parameters, shape: shape)
  }
}

extension Draw {
  /// ∂(draw)/∂(parameter): implicit reparameterization (Figurnov, Mohamed, Mnih 2018, arXiv:1805.08498) for gamma and von Mises draws.
  func parameterDerivative(_ node: Node) -> Node? {
    switch kind {
    case .gamma: .binary(.gammaDrawDerivative, node.inputs[0], node)
    case .vonMises: .binary(.vonMisesDrawDerivative, node.inputs[0], node)
    case .logGamma:
      // d log z/da = (dz/da)/z; where z would underflow, F = zᵃ/Γ(a + 1), which held gives (ψ(a + 1) − log z)/a.
      {
        let z = Node.unary(.exp, node)
        let tiny = Node.binary(.less, node, .fill(-690, shape: node.shape))
        let safe = Node.select(tiny, .fill(1, shape: node.shape), z)
        let a = node.inputs[0]
        return .select(tiny, (Node.unary(.digamma, a + 1) - node) / a, .binary(.gammaDrawDerivative, a, safe) / safe)
      }()
    default: nil
    }
  }
}
