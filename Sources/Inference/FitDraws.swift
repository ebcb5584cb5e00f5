import Differentiation
import Modeling

/// Unconstrained draws of one chain, flat [draw][dimension].
struct UnconstrainedChain: Sendable {
  /// Addresses what the body draws itself; equal number, equal bits.
  var number: Int
  var positions: [Double]
  /// Only the first so many draws are read.
  var count: Int
  /// Draws of the chain that went before.
  var first = 0
}

/// From unconstrained draws to the values of a model's variables.
enum FitDraws {
  /// Addresses random draws that a body makes for its outputs.
  static let purpose: UInt32 = 0x4644

  /// The variables of the model at every draw: sites are `latent`, results of the body that are no sites are `output`. Nil for all of them.
  static func constrain<M: Model>(
    _ model: CompiledModel<M>, _ chains: [UnconstrainedChain], _ wanted: [ModelVariable]? = nil, seed: UInt64
  ) throws -> [VariableDraws] {
    let wanted = wanted ?? model.recorded.variables
    let reader = try model.makeReader(lanes: model.isReexecuted ? 1 : 8, wanted)
    var variables = wanted.map {
      VariableDraws(name: $0.name, kind: $0.role == .output ? .output : .latent, shape: $0.shape, values: [])
    }
    for chain in chains {
      let values = try read(reader, chain, dimension: model.dimension, sizes: variables.map(\.size), seed: seed)
      for (index, column) in values.enumerated() { variables[index].values.append(column) }
    }
    return variables
  }

  /// One chain: for each variable [draw · size + element].
  private static func read<M: Model>(
    _ reader: VariableReader<M>, _ chain: UnconstrainedChain, dimension: Int, sizes: [Int], seed: UInt64
  ) throws -> [[Double]] {
    let lanes = reader.lanes
    let positions = UnsafeMutablePointer<Double>.allocate(capacity: max(dimension, 1) * lanes)
    let values = UnsafeMutablePointer<Double>.allocate(capacity: max(reader.count, 1) * lanes)
    defer {
      positions.deallocate()
      values.deallocate()
    }
    var columns = sizes.map { [Double](repeating: 0, count: $0 * chain.count) }
    for first in stride(from: 0, to: chain.count, by: lanes) {
      let active = min(lanes, chain.count - first)
      chain.positions.withUnsafeBufferPointer { source in
        for lane in 0..<lanes {
          // A lane without a draw repeats the last one.
          let draw = first + min(lane, active - 1)
          for i in 0..<dimension { positions[i * lanes + lane] = source[draw * dimension + i] }
        }
      }
      // The draw stands where lanes count, so that the address does not depend on their number.
      let random = RandomContext(
        seed: seed, purpose: purpose, step: UInt64(chain.number), firstChain: UInt32(truncatingIfNeeded: chain.first + first))
      try reader.read(positions: positions, values: values, random: random)
      var row = 0
      for (index, size) in sizes.enumerated() {
        columns[index].withUnsafeMutableBufferPointer { target in
          for lane in 0..<active {
            let start = (first + lane) * size
            for element in 0..<size { target[start + element] = values[(row + element) * lanes + lane] }
          }
        }
        row += size
      }
    }
    return columns
  }
}
