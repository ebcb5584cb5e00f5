import Differentiation

/// Summing out of all discrete sites of a recorded body that nothing else gives values to: log Σ exp over all values of all of their
/// elements of the log density's terms that depend on them.
///
/// Plated sum-product (Obermeyer, Bingham, Jankowiak, Pradhan, Chiu, Rush & Goodman 2019, "Tensor variable elimination for plated factor
/// graphs", arXiv:1902.03210), in logarithms. The innermost plates come first: in each part that hangs together the sites that have a value
/// for each element are summed out, and what is left is multiplied over the elements. Sequences are summed step by step from their end. The
/// order within one set of plates is greedy.
struct PlatedElimination {
  /// A term, and the plates in which it stands, whether or not it varies over them.
  struct Term {
    var table: Tensor
    var plates: [PlateAxis]
  }

  private var terms: [Term]
  private var chains: [HiddenChain]
  private var pending: [PendingChain] = []
  private let plates: [UInt64: Plate]
  private var factors = FactorElimination()
  private var sum = Node.fill(0)

  var steps: [EliminationStep] { factors.steps }
  var draws: [EliminationDraws.Step] { factors.draws }

  /// - Parameter plates: the plates that scale what is inside them, by the numbers of their axes.
  init(_ terms: [Term], chains: [HiddenChain], plates: [UInt64: Plate]) {
    // Plates may be nested in either order: sorted by their numbers, equal sets are equal.
    self.terms = terms.map { Term(table: $0.table, plates: $0.plates.sorted { $0.id < $1.id }) }
    self.chains = chains
    self.plates = plates
  }

  /// The log of the sum, shape [].
  mutating func eliminated() throws -> Node {
    while let inside = innermost() {
      let here = terms.filter { $0.plates == inside }
      terms.removeAll { $0.plates == inside }
      let waiting = pending.filter { $0.chain.outer == inside }
      pending.removeAll { $0.chain.outer == inside }
      let chain = chains.first { $0.outer + [$0.steps] == inside }
      for part in parts(here.map(\.table), waiting, chain, inside) {
        if let chain, !part.states.isEmpty {
          try postpone(part, chain)
        } else {
          try finish(part, inside)
        }
      }
    }
    return sum
  }

  /// A set of plates that is inside no other one of those that are left.
  private func innermost() -> [PlateAxis]? {
    let all = terms.map(\.plates) + pending.map(\.chain.outer)
    return all.first { own in !all.contains { $0.count > own.count && Set($0).isSuperset(of: own) } }
  }

  // MARK: - One set of plates

  /// What hangs together through sites that have a value for each element of the innermost plates.
  private struct Part {
    var tables: [Tensor] = []
    var chains: [PendingChain] = []
    var axes: Set<PlateAxis> = []
    var states: [HiddenChain.State] = []
  }

  private func parts(_ tables: [Tensor], _ waiting: [PendingChain], _ chain: HiddenChain?, _ inside: [PlateAxis]) -> [Part] {
    let home = Set(inside.map(\.id))
    var parts: [Part] = []
    func add(_ new: Part) {
      let axes = new.axes.filter { $0.home == home }
      var joined = new
      joined.axes = axes
      for place in parts.indices.reversed() where !parts[place].axes.isDisjoint(with: axes) {
        let other = parts.remove(at: place)
        joined.tables = other.tables + joined.tables
        joined.chains = other.chains + joined.chains
        joined.states = other.states + joined.states
        joined.axes.formUnion(other.axes)
      }
      parts.append(joined)
    }
    for table in tables { add(Part(tables: [table], axes: Set(table.plates.filter(\.isHidden)))) }
    for chain in waiting { add(Part(chains: [chain], axes: Set(chain.boundary))) }
    for state in chain?.states ?? [] { add(Part(axes: [state.before.axis, state.after], states: [state])) }
    return parts
  }

  /// The sites of a part of a chain's step that are not carried are summed out; the rest waits for what comes after the chain.
  private mutating func postpone(_ part: Part, _ chain: HiddenChain) throws {
    let carried = Set(part.states.flatMap { [$0.before.axis, $0.after] })
    let tables = try factors.eliminate(PlateAxis.ordered(part.axes.subtracting(carried)), from: part.tables)
    pending.append(PendingChain(chain: chain, states: part.states, tables: tables))
  }

  private mutating func finish(_ part: Part, _ inside: [PlateAxis]) throws {
    var tables = part.tables
    var axes = part.axes
    // What no chain is tied to comes first, so that chains carry less along.
    let tied = Set(part.chains.flatMap(\.boundary))
    tables = try factors.eliminate(PlateAxis.ordered(axes.subtracting(tied)), from: tables)
    axes.formIntersection(tied)
    // A sequence that starts where another one ends comes before it.
    for chain in part.chains.sorted(by: { $0.chain.steps.id > $1.chain.steps.id }) {
      let last = Set(chain.states.map(\.last.axis))
      let ends = tables.filter { !last.isDisjoint(with: $0.plates) }
      tables.removeAll { !last.isDisjoint(with: $0.plates) }
      tables.append(try chain.summed(ends, &factors))
      axes.subtract(last)
    }
    for table in try factors.eliminate(PlateAxis.ordered(axes), from: tables) { try multiply(table, inside) }
  }

  /// The product over the elements of those plates in which no site that is left has its values.
  private mutating func multiply(_ table: Tensor, _ inside: [PlateAxis]) throws {
    let left = table.plates.filter(\.isHidden)
    let home = left.reduce(into: Set<UInt64>()) { $0.formUnion($1.home!) }
    let rest = inside.filter { home.contains($0.id) }
    if !left.isEmpty, rest.count == inside.count { throw coupled(left, inside) }
    var product = table
    var scale = 1.0
    for plate in inside.reversed() where !home.contains(plate.id) {
      let whole = plates[plate.id]
      if let whole, whole.subset != nil, let site = left.first {
        throw EliminationError(
          sentence:
            "site \"\(site.name)\" is shared by the elements of plate \(plate.name), of which a minibatch is present: its sum needs all of them; leave the plate whole, or \(EnumerationLimit.advice)"
        )
      }
      scale *= whole?.scale ?? 1
      if !left.isEmpty, product.plates.contains(plate) { try factors.note(plate, of: product.plates) }
      product = product.plates.contains(plate) ? product.withFirst(plate).sum(axis: 0) : Double(plate.size) * product
    }
    if scale != 1 { product = scale * product }
    if left.isEmpty { sum = sum + product.node } else { terms.append(Term(table: product, plates: rest)) }
  }

  private func coupled(_ left: [PlateAxis], _ inside: [PlateAxis]) -> EliminationError {
    let sites = left.map { site in
      let own = inside.filter { site.home!.contains($0.id) }.map { "\"\($0.name)\"" }.joined(separator: ", ")
      return "\"\(site.name)\" (\(own.isEmpty ? "outside of plates" : own))"
    }
    return EliminationError(
      sentence:
        "sites \(sites.joined(separator: " and ")) meet for every pair of elements of their plates, so that no order sums them out one plate after the other; for one of them: \(EnumerationLimit.advice)"
    )
  }
}
