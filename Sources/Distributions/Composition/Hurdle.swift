import Differentiation

/// A distribution of two parts: whether there is anything, and how much. p(0) = ψ, and elsewhere (1 − ψ)q(x), where q is a distribution of numbers
/// (`Hurdle(Gamma(shape: a, rate: b), probability: psi)`: rain, claims) or one of counts, of which the zero is taken out, q(k)/(1 − q(0)); by the
/// probability of 0 or by its log-odds.
///
/// PyMC's `HurdlePoisson(psi, mu)` and its like, with `psi` = 1 − ψ. Other than ``ZeroInflated``, zeros come from one source, and may be fewer than
/// those of q. At ψ = 0 and ψ = 1 the derivative in ψ is not finite. A continuous base makes the density one for observed sites.
public struct Hurdle<Base: Distribution>: Distribution {
  public static var name: String { "Hurdle \(Base.name)" }
  private let base: Base
  /// log ψ and log(1 − ψ).
  private let logZero: Tensor
  private let logRest: Tensor

  /// The distribution of what is not 0, and the probability of 0.
  public init(_ base: Base, probability: some TensorConvertible) {
    let p = probability.tensor.checked(.probability, "probability", of: Hurdle.name)
    self.base = base
    logZero = log(p)
    logRest = log1p(-p)
  }

  /// The distribution of what is not 0, and log(ψ/(1 − ψ)).
  public init(_ base: Base, logits: some TensorConvertible) {
    let l = logits.tensor.checked(.finite, "logits", of: Hurdle.name)
    self.base = base
    logZero = logLogistic(l)
    logRest = logLogistic(-l)
  }

  public var batchShape: [Int] { Tensor.commonShape([base.batchShape, logZero.shape]) ?? base.batchShape }

  /// The base's, with 0 where that is an end.
  public var support: Support {
    if base.support.isDiscrete { return base.support }
    return .between(base.support.ends.lower, base.support.ends.upper)
  }

  public func logDensity(inside value: Base.Value) -> Tensor {
    guard isOfNumbers else { return mistake(from: [value.tensor]) }
    let isZero = value.tensor .== 0
    if base.support.isDiscrete {
      let none = base.logDensity(inside: Base.Value(drawn: 0))
      return select(isZero, logZero, logRest + (base.logDensity(inside: value) - log1mExp(none)))
    }
    let other = select(isZero, base.support.innerPoint, value.tensor)
    return select(isZero, logZero, logRest + base.logDensity(inside: Base.Value(drawn: other)))
  }

  public func logDensity(of value: Base.Value) -> Tensor { restrictedAndNaN(logDensity(inside: value), to: value) }

  /// 0, or a draw of the base: of counts the first of 256 that is not 0, NaN where all are (a share q(0)²⁵⁶). Not differentiable.
  public func sample(using source: DrawSource) -> Base.Value {
    guard isOfNumbers else { return Base.Value(drawn: mistake(from: [])) }
    let isZero = source.draw(.uniform, shape: batchShape) .< exp(logZero)
    if !base.support.isDiscrete { return Base.Value(drawn: select(isZero, 0, base.sample(stretchedTo: batchShape, using: source).tensor)) }
    let copies = Array(batchShape.prefix(max(0, batchShape.count - base.batchShape.count)))
    let tries = Repeated(base, [Rejection.attempts] + copies).sample(using: source).tensor
    return Base.Value(drawn: select(isZero, 0, Rejection.first(tries, where: tries .> 0)))
  }

  /// Whether the base is a distribution of numbers, and counts from 0 where they are whole.
  private var isOfNumbers: Bool {
    if base.support.isDiscrete, case .integers(0, _) = base.support { return base.eventShape.isEmpty }
    return !base.support.isDiscrete && base.eventShape.isEmpty
  }

  private func mistake(from sources: [Tensor]) -> Tensor {
    .mistake(
      "\(Self.name): the base must be a distribution of numbers, and of whole ones those from 0, and its support is \(base.support)",
      shape: [], from: sources)
  }
}

extension Hurdle: MixedDistribution {}
