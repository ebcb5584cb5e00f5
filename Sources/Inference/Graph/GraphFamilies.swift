import Differentiation
import Distributions
import Foundation
import Modeling
import Networks

/// The recordings of the families of ``FlatGuideFamily``.
enum GraphFamilies {
  static func record(
    _ family: FlatGuideFamily, _ p: ParameterRecorder, _ draws: DrawSource, anchor: GuideAnchor, dependence: [SiteDependence],
    centres: [GuideAnchor], selector: Tensor, seed: UInt64
  ) -> RecordedGuide {
    let n = anchor.dimension
    switch family {
    case .flow(let architecture): return transformed(chain(architecture, p, n, seed), draws, anchor)
    case .diagonal: return transformed(FlowChain([Diagonal(p, "affine", dimension: n)]), draws, anchor.diagonal)
    case .triangular: return transformed(FlowChain([Triangular(p, "affine", dimension: n)]), draws, anchor)
    case .structured: return transformed(FlowChain([StructuredFlow(p, "sites", dependence)]), draws, anchor.diagonal)
    case .student: return student(p, draws, anchor)
    case .mixture(let count): return mixture(count, p, draws, anchor, centres, selector, seed)
    }
  }

  /// −½ ‖x‖² − (n/2) log 2π.
  private static func standardNormal(_ x: Tensor) -> Tensor {
    -0.5 * square(x).sum() - Double(x.count) / 2 * Foundation.log(2 * Double.pi)
  }

  /// u = anchor(chain(ε)), ε ~ N(0, I).
  private static func transformed(_ chain: FlowChain, _ draws: DrawSource, _ anchor: GuideAnchor) -> RecordedGuide {
    let noise = draws.draw(.normal, shape: [anchor.dimension])
    let (z, logDeterminant) = chain.forward(noise)
    let isInvertible = chain.inverse(z) != nil
    return RecordedGuide(
      point: anchor.point(z), logDensity: standardNormal(noise) - logDeterminant - anchor.logDeterminant,
      density: isInvertible
        ? { u in
          guard let (x, inverse) = chain.inverse(anchor.coordinates(u)) else { return Tensor(.nan) }
          return standardNormal(x) + inverse - anchor.logDeterminant
        } : nil)
  }

  /// The layers of a flow with an affine map at the end; all of them begin as the identity, or near it.
  static func chain(_ architecture: FlowArchitecture, _ p: Recorder, _ n: Int, _ seed: UInt64) -> FlowChain {
    let hidden = min(64, max(16, 2 * n))
    let parts = (0..<architecture.layers).flatMap { layer -> [any Flow] in
      let name = "\(architecture.kind.rawValue).\(layer)"
      let half: CouplingHalf = layer % 2 == 0 ? .second : .first
      let turn: [any Flow] = layer > 0 ? [Reversal()] : []
      switch architecture.kind {
      case .affine: return [AffineCoupling(p, name, dimension: n, changing: half, hidden: hidden, seed: seed)]
      case .spline: return [SplineCoupling(p, name, dimension: n, changing: half, hidden: hidden, seed: seed)]
      case .iaf: return turn + [InverseAutoregressive(p, name, dimension: n, hidden: hidden, seed: seed)]
      case .maf: return turn + [MaskedAutoregressive(p, name, dimension: n, hidden: hidden, seed: seed)]
      case .planar: return [Planar(p, name, dimension: n, seed: seed)]
      case .radial: return [Radial(p, name, dimension: n, seed: seed)]
      case .sylvester: return [Sylvester(p, name, dimension: n, columns: min(n, 8), seed: seed)]
      case .bnaf: return turn + [BlockAutoregressive(p, name, dimension: n, seed: seed)]
      }
    }
    return FlowChain(parts + [Diagonal(p, "final", dimension: n)])
  }

  /// Multivariate Student's t: z = m + L ε √(ν/c), c ~ χ²(ν), ν = 1 + softplus(·); log q = log Γ((ν+n)/2) − log Γ(ν/2) − (n/2) log νπ − ((ν+n)/2)
  /// log(1 + ‖x‖²/ν) − log det L with x = L⁻¹(z − m). ν moves by the implicit derivative of χ² draws (Figurnov, Mohamed & Mnih 2018).
  private static func student(_ p: ParameterRecorder, _ draws: DrawSource, _ anchor: GuideAnchor) -> RecordedGuide {
    let n = Double(anchor.dimension)
    let affine = Triangular(p, "affine", dimension: anchor.dimension)
    let nu = 1 + softplus(p.parameter("degrees", Tensor(9.0)))
    func density(_ x: Tensor, _ logDeterminant: Tensor) -> Tensor {
      let half = 0.5 * (nu + n)
      let constant = logGamma(half) - logGamma(0.5 * nu) - n / 2 * log(Double.pi * nu)
      return constant - half * log1p(square(x).sum() / nu) - logDeterminant - anchor.logDeterminant
    }
    let noise = draws.draw(.normal, shape: [anchor.dimension])
    let gamma = draws.draw(.gamma, shape: [], parameters: [0.5 * nu])
    let x = noise * sqrt(nu / (2 * gamma))
    let (z, logDeterminant) = affine.forward(x)
    return RecordedGuide(
      point: anchor.point(z), logDensity: density(x, logDeterminant),
      density: { u in
        let (x, inverse) = affine.inverse(anchor.coordinates(u))
        return density(x, -inverse)
      })
  }

  /// Σ πₖ N(mₖ, diag(e^{2λₖ})) in z; the component of a draw is given from outside.
  private static func mixture(
    _ count: Int, _ p: ParameterRecorder, _ draws: DrawSource, _ anchor: GuideAnchor, _ centres: [GuideAnchor], _ selector: Tensor,
    _ seed: UInt64
  ) -> RecordedGuide {
    let n = anchor.dimension
    let (starts, sizes) = componentStarts(count, anchor, centres, seed)
    let logits = p.parameter("weights", Tensor.zeros([count]))
    let locations = p.parameter("locations", starts)
    let logScales = p.parameter("log_scales", sizes)
    let logWeights = logits.logSoftmax(axis: 0)
    func density(_ z: Tensor) -> Tensor {
      let x = (z.expandingAxis(0) - locations) * exp(-logScales)
      let each = -0.5 * square(x).sum(axis: 1) - logScales.sum(axis: 1) - Double(n) / 2 * Foundation.log(2 * Double.pi)
      return (logWeights + each).logSumExp(axis: 0) - anchor.logDeterminant
    }
    let noise = draws.draw(.normal, shape: [n])
    let z = matmul(selector, locations) + exp(matmul(selector, logScales)) * noise
    return RecordedGuide(
      point: anchor.point(z), logDensity: density(z), selection: dot(selector, logWeights), density: { density(anchor.coordinates($0)) })
  }

  /// Component k begins at centre k mod the number of centres, moved a little where a centre serves twice.
  private static func componentStarts(_ count: Int, _ anchor: GuideAnchor, _ centres: [GuideAnchor], _ seed: UInt64) -> (Tensor, Tensor) {
    let n = anchor.dimension
    let given = centres.isEmpty ? [anchor] : centres
    let jitter = StartingNoise.normals(count * n, seed: seed)
    var locations: [Double] = []
    var logScales: [Double] = []
    for k in 0..<count {
      let centre = given[k % given.count]
      let z = anchor.coordinates(centre.location)
      for i in 0..<n {
        // The marginal spread of the centre in the units of the anchor, correlations left out.
        let ratio = log(centre.scales[i] / anchor.scales[i])
        logScales.append(min(max(ratio, -5), 5))
        locations.append(z[i] + (k < given.count ? 0.05 : 0.7) * jitter[k * n + i])
      }
    }
    return (Tensor(locations, shape: [count, n]), Tensor(logScales, shape: [count, n]))
  }
}
