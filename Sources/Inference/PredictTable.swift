import Differentiation
import Foundation
import Modeling

/// Values of the inputs of a prediction, a row for each draw.
struct PredictionTable: Sendable {
  /// The sites and where they stand in a row.
  struct Block: Sendable {
    var name: String
    var shape: [Int]
    var offset: Int
    var count: Int { shape.reduce(1, *) }
  }
  var blocks: [Block]
  var rows: Int
  /// [row][width].
  var values: [Double]
  var width: Int { blocks.reduce(0) { $0 + $1.count } }

  /// Columns of an independent input.
  func columns(of input: IndependentInput) -> [Int] {
    input.parts.flatMap { part -> [Int] in
      guard let block = blocks.first(where: { $0.name == part.site }) else { return [] }
      return part.element.map { [block.offset + $0] } ?? Array(block.offset..<(block.offset + block.count))
    }
  }

  /// The table whose columns come from another one of equal size where they are named.
  func replacing(_ columns: [Int], from other: PredictionTable) -> PredictionTable {
    var result = self
    let width = width
    for row in 0..<rows { for column in columns { result.values[row * width + column] = other.values[row * width + column] } }
    return result
  }

  func part(_ range: Range<Int>) -> PredictionTable {
    PredictionTable(blocks: blocks, rows: range.count, values: Array(values[(range.lowerBound * width)..<(range.upperBound * width)]))
  }
}

extension PredictionTable {
  /// The draws of these sites, chain after chain.
  init(_ draws: DrawSet, sites: [String]) {
    blocks = []
    rows = draws.chains * draws.drawsPerChain
    values = []
    let chosen = sites.compactMap { name in draws.variables.first { $0.name == name } }
    var offset = 0
    for variable in chosen {
      blocks.append(Block(name: variable.name, shape: variable.shape, offset: offset))
      offset += variable.size
    }
    values.reserveCapacity(rows * offset)
    for chain in 0..<draws.chains {
      for draw in 0..<draws.drawsPerChain {
        for variable in chosen { values += variable.values[chain][(draw * variable.size)..<((draw + 1) * variable.size)] }
      }
    }
  }

  /// Sentences on draws that no model can go on from: numbers that are not finite, or outside of the support of their site.
  static func problems<Output>(_ draws: DrawSet, _ recorded: RecordedModel<Output>, sites: [String]) -> [String] {
    sites.compactMap { name in
      guard let variable = draws.variables.first(where: { $0.name == name }) else { return nil }
      for (chain, values) in variable.values.enumerated() {
        if let place = values.firstIndex(where: { !$0.isFinite }) {
          let element = IndependentInput.suffix(place % max(variable.size, 1), variable.shape)
          return
            "The draws of \(name)\(element) are not finite: chain \(chain + 1), draw \(place / max(variable.size, 1) + 1) is \(values[place].brief())."
        }
        if let site = recorded.sites.first(where: { $0.name == name }), let sentence = site.support?.violation(by: Tensor(values)) {
          return "The draws of \(name) do not belong to the model: in chain \(chain + 1) \(sentence)."
        }
      }
      return nil
    }
  }
}

// MARK: - Replaying

/// Numbers of all elements of all targets for each row, [element][row].
struct PredictionColumns: Sendable {
  var rows: Int
  var values: [Double]
  init(elements: Int, rows: Int) {
    self.rows = rows
    values = [Double](repeating: 0, count: elements * rows)
  }
  subscript(element: Int) -> ArraySlice<Double> { values[(element * rows)..<((element + 1) * rows)] }
}

/// Pushes tables through a program on several threads; results do not depend on their number.
struct PredictionRunner<M: Model>: Sendable {
  let program: SimulationProgram<M>
  let seed: UInt64
  let purpose: UInt32
  let threads: Int
  let stop: FitStop

  /// The program's values at each row. `step` tells apart what is drawn besides the inputs: equal step and row, equal draws.
  func run(_ table: PredictionTable, step: UInt64) throws -> PredictionColumns {
    let lanes = program.lanes
    let count = program.count
    let share = max(lanes, (table.rows / max(threads, 1) + lanes) / lanes * lanes)
    let parts = stride(from: 0, to: table.rows, by: share).map { $0..<min($0 + share, table.rows) }
    let results = try Parallel.map(parts, threads: threads) { rows in
      let reader = try program.makeReader()
      var inputs = [Double](repeating: 0, count: max(1, table.width) * lanes)
      var values = [Double](repeating: 0, count: max(1, count) * lanes)
      var columns = PredictionColumns(elements: count, rows: rows.count)
      for first in stride(from: rows.lowerBound, to: rows.upperBound, by: lanes) {
        if stop.isRaised { throw CancellationError() }
        let active = min(lanes, rows.upperBound - first)
        for lane in 0..<lanes {
          // A lane without a row repeats the last one.
          let row = first + min(lane, active - 1)
          for k in 0..<table.width { inputs[k * lanes + lane] = table.values[row * table.width + k] }
        }
        let random = RandomContext(seed: seed, purpose: purpose, step: step, firstChain: UInt32(truncatingIfNeeded: first))
        try reader.read(inputs: inputs, values: &values, random: random)
        for element in 0..<count {
          let place = element * rows.count + first - rows.lowerBound
          for lane in 0..<active { columns.values[place + lane] = values[element * lanes + lane] }
        }
      }
      return columns
    }
    guard results.count != 1 else { return results[0] }
    var all = PredictionColumns(elements: count, rows: table.rows)
    for (part, columns) in zip(parts, results) {
      for element in 0..<count {
        all.values.replaceSubrange(
          (element * table.rows + part.lowerBound)..<(element * table.rows + part.upperBound), with: columns[element])
      }
    }
    return all
  }
}
