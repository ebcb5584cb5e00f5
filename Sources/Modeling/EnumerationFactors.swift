import Differentiation

/// One step of an elimination: a sum over all values of one site, or a product over the elements of a plate, for each element of a table.
package struct EliminationStep: Sendable, Equatable {
  package enum Kind: String, Sendable { case sum, product }
  package let kind: Kind
  /// The site, or what a sequence carries; the plate.
  package let name: String
  /// The table that is summed or multiplied, axis by axis: name and length, hidden axes first.
  package let axes: [Axis]
  /// How often: the length of the sequence that it is done along, 1 outside of sequences.
  package let repeats: Int

  package struct Axis: Sendable, Equatable {
    package let name: String
    package let size: Int
    package let isPlate: Bool
  }
  /// The numbers in the table.
  package var size: Int { axes.reduce(1) { $0 * $1.size } }
}

/// Why an elimination cannot be done.
struct EliminationError: Error {
  let sentence: String
}

/// Sums of products in logarithms: tables over hidden axes and plates, their hidden axes eliminated one by one.
struct FactorElimination {
  /// The steps that were taken.
  private(set) var steps: [EliminationStep] = []
  /// How to draw what was summed, in the order of the sums.
  var draws: [EliminationDraws.Step] = []
  /// How often the present steps are repeated.
  var repeats = 1
  /// The plates for each element of which the present sites have a value; nil for those that they were drawn in.
  var home: [PlateAxis]?

  /// log Σ exp Σ tables over the given hidden axes: the tables that are left, none of which has them. In a greedy order: the axis whose
  /// elimination makes the smallest table comes next; of equal ones that which joins the fewest axes that have not met before.
  mutating func eliminate(_ axes: [PlateAxis], from tables: [Tensor]) throws -> [Tensor] {
    var network = Network(tables, axes)
    while let next = network.cheapest() {
      let parts = network.remove(next)
      guard !parts.isEmpty else { continue }
      let table = try joined(parts)
      try note(next, of: table.plates)
      draws.append { [home] in $0.draw(next, from: table, inside: home) }
      network.add(table.logSumExp(over: next))
    }
    return network.rest
  }

  /// Notes a sum or product over an axis, of a table over these axes. Throws where the table is too large.
  mutating func note(_ axis: PlateAxis, of axes: [PlateAxis]) throws {
    if (PlateAxis.tableSize(axes) ?? .max) > EnumerationLimit.table { throw FactorElimination.tooLarge(axes) }
    steps.append(
      EliminationStep(
        kind: axis.isHidden ? .sum : .product, name: axis.name,
        axes: axes.map { .init(name: $0.name, size: $0.size, isPlate: !$0.isHidden) }, repeats: repeats))
  }

  /// The sum of tables over all of their axes, the small ones first.
  func joined(_ tables: [Tensor]) throws -> Tensor {
    let all = PlateAxis.union(tables.map(\.plates))
    if (PlateAxis.tableSize(all) ?? .max) > EnumerationLimit.table { throw FactorElimination.tooLarge(all) }
    let sorted = tables.enumerated().sorted { ($0.element.node.count, $0.offset) < ($1.element.node.count, $1.offset) }.map(\.element)
    return sorted.dropFirst().reduce(sorted[0], +)
  }

  static func tooLarge(_ axes: [PlateAxis]) -> EliminationError {
    let hidden = axes.filter(\.isHidden)
    let names = hidden.prefix(8).map { "\"\($0.name)\"" }.joined(separator: ", ") + (hidden.count > 8 ? ", …" : "")
    let sizes = axes.prefix(8).map { "\($0.size)" }.joined(separator: " × ") + (axes.count > 8 ? " × …" : "")
    let size = PlateAxis.tableSize(axes).map { " = \($0)" } ?? ""
    return EliminationError(
      sentence:
        "summing out \(hidden.count == 1 ? "site" : "sites") \(names) takes a table of \(sizes)\(size) numbers, more than \(EnumerationLimit.table); for one of them: \(EnumerationLimit.advice)"
    )
  }
}

/// Tables by the axes that they are joined through.
private struct Network {
  private var tables: [Int: Tensor] = [:]
  private var nextTable = 0
  private var users: [PlateAxis: Set<Int>] = [:]
  private var costs: [PlateAxis: (size: Int, fill: Int)] = [:]

  init(_ tables: [Tensor], _ axes: [PlateAxis]) {
    for axis in axes { users[axis] = [] }
    for table in tables { insert(table) }
    for axis in axes { costs[axis] = cost(axis) }
  }

  var rest: [Tensor] { tables.sorted { $0.key < $1.key }.map(\.value) }

  func cheapest() -> PlateAxis? {
    costs.min { a, b in
      (a.value.size, a.value.fill, a.key.id) < (b.value.size, b.value.fill, b.key.id)
    }?.key
  }

  /// Takes an axis and the tables that have it out of the network.
  mutating func remove(_ axis: PlateAxis) -> [Tensor] {
    let own = (users.removeValue(forKey: axis) ?? []).sorted()
    costs[axis] = nil
    return own.map { key in
      let table = tables.removeValue(forKey: key)!
      for other in table.plates where users[other] != nil { users[other]!.remove(key) }
      return table
    }
  }

  mutating func add(_ table: Tensor) {
    insert(table)
    for axis in table.plates where users[axis] != nil { costs[axis] = cost(axis) }
  }

  private mutating func insert(_ table: Tensor) {
    for axis in table.plates where users[axis] != nil { users[axis]!.insert(nextTable) }
    tables[nextTable] = table
    nextTable += 1
  }

  /// The size of the table that eliminating an axis makes, and the pairs of hidden axes that meet for the first time in it.
  private func cost(_ axis: PlateAxis) -> (size: Int, fill: Int) {
    let parts = users[axis]!.map { tables[$0]!.plates.filter { $0 != axis } }
    let all = PlateAxis.union(parts)
    let hidden = all.filter(\.isHidden)
    var fill = 0
    if hidden.count <= 64 {
      for (place, a) in hidden.enumerated() {
        for b in hidden[(place + 1)...] where !parts.contains(where: { $0.contains(a) && $0.contains(b) }) { fill += 1 }
      }
    }
    return (PlateAxis.tableSize(all) ?? .max, fill)
  }
}
