import Differentiation
import Kernels
import Modeling
import Networks

/// Gaussian conditionals along a model's own dependence, in standardized coordinates.
///
/// zᵢ = aᵢ + Σ_{j ∈ pa(i)} Wᵢⱼ zⱼ + exp(λᵢ + 3 tanh(Σ Vᵢⱼ zⱼ / 3)) εᵢ: mean and log scale are linear in the coordinates that the prior of i depends on,
/// so that a hierarchy's funnel (the log scale of its children is linear in log τ) is inside the family. log |det ∂z/∂ε| is the sum of the
/// log scales; the inverse needs no iteration. After Ambrogioni et al., Automatic structured variational inference (2021), arXiv:2002.00643, with linear conditionals in
/// place of the model's.
struct StructuredFlow: InvertibleFlow {
  private struct Conditional: Sendable {
    let site: SiteDependence
    let shift, logScale: Tensor
    /// [own, parents] each; nil where the site has no parents.
    let weights, scaleWeights: Tensor?
    /// [own, parents].
    let places: IntTensor?
  }
  private let conditionals: [Conditional]

  /// The identity at first.
  init(_ p: Recorder, _ name: String, _ dependence: [SiteDependence]) {
    conditionals = dependence.enumerated().filter { !$1.block.isEmpty }.map { index, site in
      let count = site.block.count
      let parents = site.parents.first?.count ?? 0
      return p.scope("\(name).\(index)") {
        Conditional(
          site: site, shift: p.parameter("shift", Tensor.zeros([count])), logScale: p.parameter("log_scale", Tensor.zeros([count])),
          weights: parents > 0 ? p.parameter("weights", Tensor.zeros([count, parents])) : nil,
          scaleWeights: parents > 0 ? p.parameter("scale_weights", Tensor.zeros([count, parents])) : nil,
          places: parents > 0 ? IntTensor(site.parents.flatMap { $0 }, shape: [count, parents]) : nil)
      }
    }
  }

  /// Mean and log scale of a conditional, given everything before it.
  private func moments(_ c: Conditional, _ before: Tensor?) -> (Tensor, Tensor) {
    guard let before, let weights = c.weights, let scaleWeights = c.scaleWeights, let places = c.places else {
      return (c.shift, c.logScale)
    }
    let parents = before[places]
    let bend = (scaleWeights * parents).sum(axis: 1)
    return (c.shift + (weights * parents).sum(axis: 1), c.logScale + 3 * tanh(bend / 3))
  }

  func forward(_ x: Tensor) -> (y: Tensor, logDeterminant: Tensor) {
    var known: Tensor?
    var total = Tensor(0)
    for c in conditionals {
      let (mean, logScale) = moments(c, known)
      let own = mean + exp(logScale) * x[c.site.block]
      known = known.map { concatenate([$0, own]) } ?? own
      total += logScale.sum()
    }
    return (known ?? x, total)
  }

  func inverse(_ y: Tensor) -> (x: Tensor, logDeterminant: Tensor) {
    var parts: [Tensor] = []
    var total = Tensor(0)
    for c in conditionals {
      let (mean, logScale) = moments(c, c.site.block.lowerBound > 0 ? y[0..<c.site.block.lowerBound] : nil)
      parts.append((y[c.site.block] - mean) * exp(-logScale))
      total -= logScale.sum()
    }
    return (parts.isEmpty ? y : concatenate(parts), total)
  }
}

/// Numbers that break the symmetry between equal components, addressed by a seed.
enum StartingNoise {
  private static let purpose: UInt32 = 0x5649_0020

  static func normals(_ count: Int, seed: UInt64) -> [Double] {
    var stream = RandomStream(at: RandomAddress(seed: seed, purpose: purpose))
    return (0..<count).map { _ in stream.nextNormal() }
  }
}
