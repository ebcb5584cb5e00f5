/// A guide that is no Gaussian, over the whole unconstrained vector of a model.
package enum FlatGuideFamily: Sendable, Equatable, Codable {
  case flow(FlowArchitecture)
  /// A mixture of that many Gaussians with diagonal covariances in coordinates that a Gaussian fit has whitened.
  case mixture(Int)
  /// The multivariate Student's t with any scale matrix and free degrees of freedom.
  case student
  /// Gaussian conditionals along the model's own dependence.
  case structured
  /// The Gaussians, for objectives that their own fast path does not have.
  case diagonal, triangular

  /// As it is written after `--guide`.
  package var name: String {
    switch self {
    case .flow(let architecture): "flow:\(architecture.kind.rawValue):\(architecture.layers)"
    case .mixture(let count): "mixture:\(count)"
    case .student: "student"
    case .structured: "structured"
    case .diagonal: "mean-field"
    case .triangular: "full-rank"
    }
  }
}

/// A normalizing flow: its kind and its depth.
public struct FlowArchitecture: Sendable, Equatable, Codable {
  package enum Kind: String, Sendable, Codable, CaseIterable {
    case affine, spline, iaf, maf, planar, radial, sylvester, bnaf

    /// Layers that are enough for most posteriors of ten dimensions.
    package var defaultLayers: Int {
      switch self {
      case .affine: 6
      case .spline: 4
      case .iaf, .maf: 3
      case .planar, .radial: 12
      case .sylvester: 4
      case .bnaf: 2
      }
    }
  }
  package var kind: Kind
  package var layers: Int

  package init(_ kind: Kind, layers: Int? = nil) {
    self.kind = kind
    self.layers = max(1, layers ?? kind.defaultLayers)
  }

  /// Affine coupling layers (Real NVP).
  public static func affine(layers: Int = 6) -> FlowArchitecture { .init(.affine, layers: layers) }
  /// Rational-quadratic spline coupling layers.
  public static func spline(layers: Int = 4) -> FlowArchitecture { .init(.spline, layers: layers) }
  /// Inverse autoregressive layers.
  public static func inverseAutoregressive(layers: Int = 3) -> FlowArchitecture { .init(.iaf, layers: layers) }
  /// Masked autoregressive layers.
  public static func maskedAutoregressive(layers: Int = 3) -> FlowArchitecture { .init(.maf, layers: layers) }
  public static func planar(layers: Int = 12) -> FlowArchitecture { .init(.planar, layers: layers) }
  public static func radial(layers: Int = 12) -> FlowArchitecture { .init(.radial, layers: layers) }
  public static func sylvester(layers: Int = 4) -> FlowArchitecture { .init(.sylvester, layers: layers) }
  /// Block neural autoregressive layers.
  public static func blockAutoregressive(layers: Int = 2) -> FlowArchitecture { .init(.bnaf, layers: layers) }
}

extension Guide {
  /// A normalizing flow over unconstrained space, around the best Gaussian.
  public static func flow(_ architecture: FlowArchitecture) -> Guide { Guide(form: .flat(.flow(architecture))) }
  /// A mixture of Gaussians over unconstrained space, for posteriors with several modes.
  public static func mixture(components: Int) -> Guide { Guide(form: .flat(.mixture(max(1, components)))) }
  /// A multivariate Student's t over unconstrained space, for heavy tails.
  public static var student: Guide { Guide(form: .flat(.student)) }
  /// Every site given the sites that its prior depends on: Gaussian, with a mean and a log scale linear in them (as the model's own conditionals, shifted:
  /// cf. automatic structured variational inference, Ambrogioni et al. 2021, arXiv:2002.00643).
  public static var structured: Guide { Guide(form: .flat(.structured)) }
}
