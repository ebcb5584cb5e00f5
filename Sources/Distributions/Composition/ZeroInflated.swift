import Differentiation

/// A distribution of counts with excess zeros: p(0) = ψ + (1 − ψ)q(0) and p(k) = (1 − ψ)q(k) for k > 0, where q is another distribution on
/// 0, 1, 2 …: `ZeroInflated(Poisson(rate: r), probability: psi)`; by the probability of an excess zero, 0 ≤ ψ ≤ 1, or by its log-odds.
///
/// `ZeroInflatedPoisson(gate, rate)` and its like of NumPyro; PyMC's `psi` is 1 − ψ. At ψ = 0 and ψ = 1 the derivative in ψ is not finite.
public struct ZeroInflated<Base: Distribution>: Distribution where Base.Value == IntTensor {
  public static var name: String { "ZeroInflated \(Base.name)" }
  private let base: Base
  /// log ψ and log(1 − ψ).
  private let logExcess: Tensor
  private let logRest: Tensor

  /// The distribution of counts, and the probability of an excess zero.
  public init(_ base: Base, probability: some TensorConvertible) {
    let p = probability.tensor.checked(.probability, "probability", of: ZeroInflated.name)
    self.base = base
    logExcess = log(p)
    logRest = log1p(-p)
  }

  /// The distribution of counts, and log(ψ/(1 − ψ)).
  public init(_ base: Base, logits: some TensorConvertible) {
    let l = logits.tensor.checked(.finite, "logits", of: ZeroInflated.name)
    self.base = base
    logExcess = logLogistic(l)
    logRest = logLogistic(-l)
  }

  public var batchShape: [Int] { Tensor.commonShape([base.batchShape, logExcess.shape]) ?? base.batchShape }
  public var support: Support { base.support }

  public func logDensity(inside value: IntTensor) -> Tensor {
    guard isCount else { return mistake(from: [value.tensor]) }
    let ordinary = logRest + base.logDensity(inside: value)
    return select(value.tensor .== 0, logAddExp(logExcess, ordinary), ordinary)
  }

  public func logDensity(of value: IntTensor) -> Tensor { restrictedAndNaN(logDensity(inside: value), to: value) }

  /// 0, or a draw of the base. Not differentiable.
  public func sample(using source: DrawSource) -> IntTensor {
    guard isCount else { return IntTensor(drawn: mistake(from: [])) }
    let isExcess = source.draw(.uniform, shape: batchShape) .< exp(logExcess)
    let count = base.sample(stretchedTo: batchShape, using: source)
    return IntTensor(drawn: select(isExcess, 0, count.tensor))
  }

  /// Whether the base is a distribution of numbers that count from 0.
  private var isCount: Bool {
    if case .integers(0, _) = base.support { base.eventShape.isEmpty } else { false }
  }

  private func mistake(from sources: [Tensor]) -> Tensor {
    .mistake("\(Self.name): the base must be a distribution of numbers 0, 1, 2 …, and its support is \(support)", shape: [], from: sources)
  }
}

extension ZeroInflated: DistributionWithMoments where Base: DistributionWithMoments {
  /// (1 − ψ)m with m that of the base.
  public var mean: Tensor { exp(logRest) * base.mean }
  /// (1 − ψ)(v + ψm²).
  public var variance: Tensor { exp(logRest) * (base.variance + exp(logExcess) * square(base.mean)) }
}
