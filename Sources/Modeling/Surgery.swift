import Differentiation
import Distributions

/// What is done to a model's sites from outside, without a change of its body.
///
/// With sites a → x → y and the joint p(a) p(x | a) p(y | x):
///
/// | operation | density that is left | x is |
/// | --- | --- | --- |
/// | `intervene` x = v | p(a) p(y \| v): what made x is cut off | a constant |
/// | `observe` x = v | p(a) p(v \| a) p(y \| v) | an observed site: part of the likelihood, drawn anew by predictions |
/// | `fix` x = v | p(a) p(v \| a) p(y \| v) | a latent variable held at v: part of the prior, v wherever anything is simulated |
///
/// So `observe` and `fix` leave the same posterior of the other sites, and differ in what counts as data; `intervene` lets nothing be learnt
/// about the parents of x from its value. On a site without parents `intervene` and `fix` differ by the constant log p(v), the evidence's share.
/// A parameter has no density: there `fix` is `intervene`.
package struct Surgery: Codable, Sendable, Equatable {
  package enum Operation: String, Codable, Sendable, CaseIterable { case intervene, observe, fix }

  /// A value for one site: a number stands for all elements of the site.
  package struct Entry: Codable, Sendable, Equatable {
    package var operation: Operation
    package var shape: [Int]
    package var values: [Double]
    package init(_ operation: Operation, shape: [Int], values: [Double]) {
      self.operation = operation
      self.shape = shape
      self.values = values
    }
  }

  package var entries: [String: Entry] = [:]
  /// Whether observed sites are left out of the density: what remains is the prior, with the model's factors.
  package var dropsLikelihood = false

  package init(_ entries: [String: Entry] = [:], dropsLikelihood: Bool = false) {
    self.entries = entries
    self.dropsLikelihood = dropsLikelihood
  }
}

/// A model after a ``Surgery``. Its JSON is that of the model, with the surgery beside the model's own keys.
package struct OperatedModel<Base: Model>: Model {
  package let base: Base
  package let surgery: Surgery

  package init(_ base: Base, _ surgery: Surgery) {
    self.base = base
    self.surgery = surgery
  }

  package static var name: String { Base.name }
  package static var summary: String { Base.summary }

  package func body(_ p: Program) throws -> Base.Output {
    p.operate(surgery)
    return try base.body(p)
  }

  private enum CodingKeys: String, CodingKey { case surgery = "credence.surgery" }

  package init(from decoder: any Decoder) throws {
    base = try Base(from: decoder)
    surgery = try decoder.container(keyedBy: CodingKeys.self).decode(Surgery.self, forKey: .surgery)
  }

  package func encode(to encoder: any Encoder) throws {
    try base.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(surgery, forKey: .surgery)
  }
}

extension Program {
  /// Makes the values of a surgery those of its sites. They go before draws of a posterior, and after values given by an outer model.
  func operate(_ surgery: Surgery) {
    if surgery.dropsLikelihood { recording.dropsLikelihood = true }
    for (name, entry) in surgery.entries {
      if let given = recording.given[name], !(given.kind == .drawn && recording.options.isPosterior) { continue }
      let kind: Given.Kind =
        switch entry.operation {
        case .intervene: .intervened
        case .observe: .observed
        case .fix: .fixed
        }
      recording.given[name] = Given(value: Tensor(entry.values, shape: entry.shape), kind: kind, stretches: true)
    }
  }
}

extension Support {
  /// Some value of the support, in the place of one that cannot be used: what follows from it is then no further mistake. NaN where none is known.
  func placeholder(_ shape: [Int]) -> Tensor {
    guard let bijection else { return .full(shape, isDiscrete ? 0 : .nan) }
    return bijection.forward(.zeros(bijection.unconstrainedShape(for: shape)))
  }
}

extension DataCheck {
  /// What is wrong with a value that takes a site's place, as far as that is known while recording.
  ///
  /// - Parameters:
  ///   - value: with the axes of the plates leading.
  ///   - inside: the same inside the open plates.
  static func problem(ofGiven value: Tensor, _ inside: Tensor, _ support: Support, _ distribution: String) -> String? {
    if let sentence = problem(value, support, distribution, "the value given") { return sentence }
    guard support.eventRank > 0, let excluded = support.exclusion(of: inside)?.node, !excluded.dependsOnInputs,
      let indicators = try? Evaluation.values(of: [excluded])[0], indicators.contains(where: { $0 > 0 })
    else { return nil }
    return "the value given lies outside of the support, \(support)"
  }
}

extension Guide {
  /// The same family for a model of which this guide's model is a part.
  package func pulledBack<Whole: Model>(along part: @escaping @Sendable (Whole) -> M) -> Guide<Whole> {
    switch form {
    case .meanField: .meanField
    case .fullRank: .fullRank
    case .lowRank(let rank): .lowRank(rank: rank)
    case .flat(let family): Guide<Whole>(form: .flat(family))
    case .program(let body): Guide<Whole> { q, whole in try body(q, part(whole)) }
    }
  }
}
