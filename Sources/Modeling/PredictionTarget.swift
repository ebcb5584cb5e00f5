import Differentiation
import Distributions

/// Something that a simulated model predicts.
package struct PredictionTarget: Sendable {
  package enum Kind: Sendable {
    /// A latent site that has no value from outside: drawn from its prior.
    case latent
    /// A result of the body.
    case output
    /// An observed site, drawn anew.
    case predictive
  }
  package let name: String
  package let kind: Kind
  /// With the axes of plates leading.
  package let value: Tensor
  /// Mean and variance of the value given all that it depends on. What is no observation is its own mean, with variance 0.
  package let mean: Tensor
  package let variance: Tensor
  /// Whether the mean and variance are functions of the inputs alone. Otherwise something is drawn that they depend on, or they are not
  /// known in closed form.
  package let isMeanKnown: Bool

  package var shape: [Int] { value.shape }

  fileprivate init(_ name: String, _ kind: Kind, _ value: Tensor, _ moments: Site.Predictive.Moments?) {
    self.name = name
    self.kind = kind
    self.value = value
    mean = moments?.mean ?? value
    variance = moments?.variance ?? .zeros(value.shape)
    isMeanKnown = !Node.dependencies(of: [mean.node, variance.node]).contains(where: \.isDraw)
  }
}

extension Node {
  package var isDraw: Bool { if case .draw = operation { true } else { false } }
}

extension RecordedModel {
  /// What a simulation predicts, in order of appearance: latent sites that are drawn (of sequences that go on with all their steps), results and outputs, observed sites.
  package func predictionTargets(supplied: Set<String>) -> [PredictionTarget] {
    let longer = Set(resized.filter { $0.steps > $0.known }.map(\.name))
    let latent = variables.filter { $0.role == .latent && (!supplied.contains($0.name) || longer.contains($0.name)) }
    let outputs = variables.filter { $0.role == .output }
    return latent.map { PredictionTarget($0.name, .latent, $0.value, nil) }
      + outputs.map { PredictionTarget($0.name, .output, $0.value, nil) }
      + sites.compactMap { site in
        guard site.role == .observed, let own = site.predictive, site.drawMistakes.isEmpty else { return nil }
        let moments = own.moments.map { Site.Predictive.Moments(mean: site.outside($0.mean), variance: site.outside($0.variance)) }
        return PredictionTarget(site.name, .predictive, site.outside(own.draw), moments)
      }
  }
}

extension Site {
  /// Why an observed site cannot be drawn anew; empty where it can.
  package var drawMistakes: [String] { predictive.map { Evaluation.mistakes(in: [$0.draw.node]) } ?? [] }
}

extension RecordedModel {
  /// log p of the latent sites alone, shape [].
  package var logPrior: Node { sites.filter { $0.role == .latent }.compactMap(\.logDensity).reduce(.fill(0), +) }

  /// The bounds of the supports of latent sites, by site.
  package var supportBounds: [(site: String, node: Node)] {
    sites.filter { $0.role == .latent }.flatMap { site in
      (site.support?.bounds ?? []).map { (site.name, site.outside($0).node) }
    }
  }
}

extension Support {
  /// The numbers that say where an elementwise set ends, where it has such.
  fileprivate var bounds: [Tensor] {
    switch self {
    case .lower(let bound), .upper(let bound): [bound]
    case .interval(let lower, let upper): [lower, upper]
    case .integers(_, let last): last.map { [$0] } ?? []
    case .independent(_, let base): base.bounds
    default: []
    }
  }
}

// MARK: - Dependence of inputs

/// Latent variables that are independent of all others: one site, a part of it, or several sites that depend on one another.
package struct IndependentInput: Sendable, Equatable {
  package var name: String
  /// The sites, each with one element (row-major) or all.
  package var parts: [(site: String, element: Int?)]

  package init(name: String, parts: [(site: String, element: Int?)]) {
    self.name = name
    self.parts = parts
  }

  package static func == (a: IndependentInput, b: IndependentInput) -> Bool {
    a.name == b.name && a.parts.elementsEqual(b.parts) { $0.site == $1.site && $0.element == $1.element }
  }
}

extension RecordedModel {
  /// The latent sites of a simulation without supplies, grouped so that groups share no draw and are therefore independent.
  ///
  /// A site by itself whose elements are independent is taken apart where that gives at most `limit` inputs in all.
  package func independentInputs(limit: Int) -> [IndependentInput] {
    let latent = sites.filter { $0.role == .latent }
    let draws = latent.map { site in Node.dependencies(of: [site.value.node]).filter(\.isDraw) }
    var group = Array(latent.indices)
    for a in latent.indices {
      for b in latent.indices where b > a && group[a] != group[b] && !draws[a].isDisjoint(with: draws[b]) {
        let (from, to) = (group[b], group[a])
        for k in group.indices where group[k] == from { group[k] = to }
      }
    }
    let members = group.indices.filter { group[$0] == $0 }.map { first in
      latent.indices.filter { group[$0] == group[first] }.map { latent[$0] }
    }
    let elements = members.reduce(0) { $0 + ($1.count == 1 && $1[0].isElementwise ? $1[0].outsideShape.reduce(1, *) : 1) }
    return members.flatMap { sites -> [IndependentInput] in
      let site = sites[0]
      let shape = site.outsideShape
      guard sites.count == 1, site.isElementwise, !shape.isEmpty, elements <= limit else {
        return [IndependentInput(name: sites.map(\.name).joined(separator: " + "), parts: sites.map { ($0.name, nil) })]
      }
      return (0..<shape.reduce(1, *)).map {
        IndependentInput(name: site.name + IndependentInput.suffix($0, shape), parts: [(site.name, $0)])
      }
    }
  }
}

extension IndependentInput {
  /// `[2,1]` for an element of a shape, counted from 0; empty for a scalar.
  package static func suffix(_ element: Int, _ shape: [Int]) -> String {
    if shape.isEmpty { return "" }
    let index = zip(Node.strides(shape), shape).map { "\(element / $0 % $1)" }
    return "[\(index.joined(separator: ","))]"
  }
}

extension RecordedModel {
  /// The sites of a model for inference, as inputs whose unconstrained numbers are independent; nil where the values of one depend on another's
  /// (by a bound). Sites whose elements are functions of one number each are taken apart where that gives at most `limit` inputs in all.
  package func meanFieldInputs(limit: Int) -> [IndependentInput]? {
    let own = freeSites
    let inputs = Dictionary(uniqueKeysWithValues: own.map { ($0.unconstrained!.input, $0.name) })
    let isIndependent = own.allSatisfy { site in
      Node.dependencies(of: [site.value.node]).allSatisfy { inputs[$0] == nil || inputs[$0] == site.name }
    }
    guard isIndependent else { return nil }
    func isElementwise(_ site: Site) -> Bool { site.support?.eventRank == 0 && !site.outsideShape.isEmpty }
    let elements = own.reduce(0) { $0 + (isElementwise($1) ? $1.outsideShape.reduce(1, *) : 1) }
    return own.flatMap { site -> [IndependentInput] in
      guard isElementwise(site), elements <= limit else { return [IndependentInput(name: site.name, parts: [(site.name, nil)])] }
      return (0..<site.outsideShape.reduce(1, *)).map {
        IndependentInput(name: site.name + IndependentInput.suffix($0, site.outsideShape), parts: [(site.name, $0)])
      }
    }
  }
}
