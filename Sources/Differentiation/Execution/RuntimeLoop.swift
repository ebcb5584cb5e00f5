import Kernels

/// One fused loop with all addresses known.
struct RuntimeLoop {
  typealias Pointer = UnsafeMutablePointer<Double>

  struct End {
    var reducer: Reducer
    var stream: Int
    /// Place of the partial results in the table; −1 when tiles are accumulated in memory.
    var accumulator: Int
    /// What to fill with the neutral element first.
    var start: Pointer
    var count: Int
    var repeats: Bool
  }

  let lanes: Int
  /// Vectors that are computed at once.
  let tileVectors: Int
  let continues: Bool
  let rows: Int
  let rank: Int
  let lengths: UnsafeMutablePointer<Int>
  let streamCount: Int
  let bases: UnsafeMutablePointer<Pointer>
  /// [rank][streamCount], in doubles.
  let rowSteps: UnsafeMutablePointer<Int>
  let tileSteps: UnsafeMutablePointer<Int>
  let table: UnsafeMutablePointer<Pointer>
  let rowOperations: UnsafeMutablePointer<RuntimeStep>
  let rowOperationCount: Int
  let operations: UnsafeMutablePointer<RuntimeStep>
  let operationCount: Int
  /// Doubles along the inner axis, and whole or begun vectors.
  let doubles: Int
  let vectors: Int
  /// Whether the last vector of a row must not be written past its end.
  let isExact: Bool
  let ends: UnsafeMutablePointer<End>
  let endCount: Int
  let index: UnsafeMutablePointer<Int>

  init(_ loop: LoopProgram, address: UnsafeMutablePointer<Pointer>, plan: Plan, memory: LoopMemory) {
    lanes = loop.lanes
    rows = loop.outer.reduce(1, *)
    rank = loop.outer.count
    lengths = memory.copy(loop.outer)
    index = memory.copy([Int](repeating: 0, count: loop.outer.count))
    streamCount = loop.streams.count
    let widths = loop.streams.map { $0.isLaned ? loop.lanes : 1 }
    let starts = loop.streams.enumerated().map { address[$1.view.buffer] + $1.view.offset * widths[$0] }
    bases = memory.copy(starts)
    rowSteps = memory.copy(loop.outer.indices.flatMap { axis in loop.streams.enumerated().map { $1.strides[axis] * widths[$0] } })
    let length = loop.isBlocked ? (loop.inner * loop.lanes + 7) / 8 : LoopRunner.tileVectors
    tileVectors = length
    continues = loop.continues
    let tile = length * 8 / loop.lanes
    tileSteps = memory.copy(loop.streams.enumerated().map { $1.strides.last! * widths[$0] * tile })
    let registers = memory.allocate(Double.self, loop.registers * length * 8)
    registers.initialize(repeating: 0, count: loop.registers * length * 8)
    let accumulators = memory.allocate(Double.self, loop.accumulators * loop.lanes * 8)
    accumulators.initialize(repeating: 0, count: loop.accumulators * loop.lanes * 8)
    let places = memory.copy(
      starts + (0..<loop.registers).map { registers + $0 * length * 8 }
        + (0..<loop.accumulators).map { accumulators + $0 * loop.lanes * 8 })
    table = places
    rowOperations = memory.copy(loop.rowOperations.map { RuntimeStep($0, places, lanes: loop.lanes) })
    rowOperationCount = loop.rowOperations.count
    operations = memory.copy(loop.operations.map { RuntimeStep($0, places, lanes: loop.lanes) })
    operationCount = loop.operations.count
    doubles = loop.inner * loop.lanes
    vectors = (doubles + 7) / 8
    isExact = rows > 1 && doubles % 8 != 0
    let firstAccumulator = loop.streams.count + loop.registers
    ends = memory.copy(
      loop.reductions.map { reduction in
        let buffer = plan.buffers[reduction.buffer]
        return End(
          reducer: reduction.reducer, stream: reduction.stream, accumulator: reduction.accumulator.map { firstAccumulator + $0 } ?? -1,
          start: address[reduction.buffer], count: buffer.count * loop.lanes, repeats: buffer.count == 1)
      })
    endCount = loop.reductions.count
  }
}

/// Small loops as one line of steps with all addresses known.
struct RuntimeLine {
  typealias Pointer = UnsafeMutablePointer<Double>

  let steps: UnsafeMutablePointer<RuntimeStep>
  let count: Int

  init(_ parts: [LoopProgram], address: UnsafeMutablePointer<Pointer>, memory: LoopMemory) {
    // No value passes from part to part in a register: all parts share them.
    let width = ((parts.map { $0.inner * $0.lanes }.max() ?? 8) + 7) / 8 * 8
    let registers = memory.allocate(Double.self, width * (parts.map(\.registers).max() ?? 0))
    registers.initialize(repeating: 0, count: width * (parts.map(\.registers).max() ?? 0))
    var all: [RuntimeStep] = []
    for loop in parts {
      let streams = loop.streams.map { address[$0.view.buffer] + $0.view.offset * ($0.isLaned ? loop.lanes : 1) }
      let sums = loop.reductions.filter { $0.accumulator != nil }.sorted { $0.accumulator! < $1.accumulator! }
      let table = streams + (0..<loop.registers).map { registers + $0 * width } + sums.map { streams[$0.stream] }
      let doubles = loop.inner * loop.lanes
      all += loop.rowOperations.map { RuntimeStep($0, table, lanes: loop.lanes) }
      all += loop.operations.map { operation in
        let kernel: StepKernel? =
          switch operation.code {
          case .reduceSum, .reduceMaximum, .reduceMinimum: .total
          // The only term of each result.
          case .accumulateSum, .accumulateMaximum, .accumulateMinimum: .copy
          default: nil
          }
        return RuntimeStep(operation, table, kernel: kernel, lanes: loop.lanes, doubles: doubles)
      }
    }
    steps = memory.copy(all)
    count = all.count
  }
}
