import Differentiation

/// What summing out a model's discrete sites gives: the log density's part that depended on them, the probabilities of their values, and what
/// it costs.
package struct Summation: Sendable {
  /// log Σ exp of all terms that depend on summed-out sites, over all values of all of these, shape [].
  package let logSum: Node
  /// For each site whose probabilities are reported P(z = k | the other variables, data), over the values in rising order along the last axis.
  package let probabilities: [String: ModelVariable]
  /// For each site its values as seen from outside: a draw from their posterior given the other variables, elements of one draw together.
  package let draws: [String: Tensor]
  /// The sites, in order of appearance.
  package let sites: [SummedSite]
  /// The sums that are taken, in order.
  package let steps: [EliminationStep]

  package struct SummedSite: Sendable {
    package let name: String
    /// The values of one element.
    package let values: [Double]
    package let isReported: Bool
  }

  /// The numbers in the largest table.
  package var largestTable: Int { steps.map(\.size).max() ?? 0 }
  /// The numbers in all tables together, those of sequences once for each step.
  package var work: Int { steps.reduce(0) { $0 + $1.size * $1.repeats } }

  static func variableName(_ site: Site) -> String { "\(site.name).probability" }

  /// Nil where nothing is summed out. Throws ``ModelError`` where it cannot be done.
  init?(_ recording: Recording, asked: [Tensor]) throws {
    let summed = recording.sites.filter(\.isSummedOut)
    guard !summed.isEmpty else { return nil }
    let raw = recording.sites.flatMap { site in site.tables.map { PlatedElimination.Term(table: $0, plates: site.tableAxes) } }
    let nodes = ImpossibleValues.guarded(raw.map(\.table.node))
    let terms =
      zip(raw, nodes).map { PlatedElimination.Term(table: Tensor($1, plates: $0.table.plates), plates: $0.plates) } + recording.links
    let plates = Dictionary(recording.plates.values.map { ($0.id, $0.plate) }) { first, _ in first }
    func eliminated(_ terms: [PlatedElimination.Term]) throws -> (Node, PlatedElimination) {
      var enumeration = PlatedElimination(terms, chains: recording.chains, plates: plates)
      do {
        return (try enumeration.eliminated(), enumeration)
      } catch let error as EliminationError {
        throw ModelError([.init(site: nil, at: nil, error.sentence)])
      }
    }
    let elimination: PlatedElimination
    (logSum, elimination) = try eliminated(terms)
    steps = elimination.steps
    var drawn = EliminationDraws(plates: terms.flatMap(\.plates))
    if recording.drawsSummedOut { for step in elimination.draws.reversed() { try step(&drawn) } }
    draws =
      recording.drawsSummedOut
      ? Dictionary(uniqueKeysWithValues: summed.map { ($0.name, drawn.value($0)) }) : [:]
    let wanted = Set(asked.compactMap { recording.summedOut($0)?.name })
    let reported = summed.filter { site in
      wanted.contains(site.name) || site.outsideShape.reduce(site.hidden[0].values.count, *) <= EnumerationLimit.unasked
    }
    let names = Set(reported.map(\.name))
    sites = summed.map { SummedSite(name: $0.name, values: $0.hidden[0].values, isReported: names.contains($0.name)) }
    probabilities = try Summation.probabilities(reported) { tilts in try eliminated(terms + tilts).0 }
  }

  /// P(z = k | …) is the derivative of the log of the sum by a number that is added to the log density wherever z = k: one for each value of
  /// each element.
  private static func probabilities(_ sites: [Site], _ logSum: ([PlatedElimination.Term]) throws -> Node) rethrows -> [String:
    ModelVariable]
  {
    let tilts = sites.map { site in
      site.hidden.map { own -> Tensor in
        let axes = PlateAxis.ordered([own.axis] + own.home)
        return Tensor(.input("tilt", shape: axes.map(\.size)), plates: axes)
      }
    }
    let all = tilts.joined().map(\.node)
    let homes = sites.flatMap { $0.hidden.map(\.home) }
    let sum = try logSum(zip(tilts.joined(), homes).map { PlatedElimination.Term(table: $0, plates: $1) })
    let derivatives = zip(all, Derivatives.pullback(of: [sum], cotangents: [.fill(1)], to: all)).map { tilt, derivative in
      derivative ?? .fill(0, shape: tilt.shape)
    }
    // The derivatives are wanted where nothing is added.
    let zeros = Dictionary(uniqueKeysWithValues: all.map { ($0, Node.fill(0, shape: $0.shape)) })
    let byTilt = Dictionary(uniqueKeysWithValues: zip(all, Node.substitute(derivatives, zeros)))
    return Dictionary(
      uniqueKeysWithValues: zip(sites, tilts).map { site, tilts in
        let elements = zip(site.hidden, tilts).map { own, tilt -> Tensor in
          let inside = Tensor(byTilt[tilt.node]!, plates: tilt.plates).leaving(own.axis)
          let steps = own.home.filter { !site.axes.contains($0) }
          return (site.axes + steps).reversed().reduce(inside) { $0.leaving($1) }
        }
        let count = site.hidden[0].values.count
        // Elements stand after plates and steps, which all have in common.
        let around = elements[0].shape.dropLast()
        let together = elements.count == 1 ? elements[0] : Differentiation.stack(elements, axis: around.count)
        return (
          site.name, ModelVariable(name: variableName(site), role: .output, value: together.reshaped(to: site.outsideShape + [count]))
        )
      })
  }
}
