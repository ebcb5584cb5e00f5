import Kernels

/// A recurrence over time; lanes are further columns of its batch.
struct RecurrenceInstruction: HeavyInstruction {
  let operation: Recurrence
  let inputs: [Slot]
  let steps: Int
  let states: Int
  let batch: Int
  /// Whether there is a matrix of pairs for every step.
  let varies: Bool
  let out: Slot

  /// Inputs that are the same for all lanes, repeated over them, and what the kernel needs.
  func prepare(_ executor: Executor) -> AnyObject? {
    let lanes = out.width(executor)
    let spread = inputs.reduce(0) { $0 + ($1.isLaned || lanes == 1 ? 0 : $1.count * lanes) }
    return Scratch(spread + extent(lanes).scratchSize)
  }

  private func extent(_ lanes: Int) -> Recurrences.Extent { Recurrences.Extent(steps: steps, states: states, columns: batch * lanes) }

  func run(_ executor: Executor, _ own: AnyObject?) {
    let lanes = out.width(executor)
    var scratch = unsafeDowncast(own!, to: Scratch.self).base
    func pointer(_ slot: Slot) -> UnsafeMutablePointer<Double> {
      let source = slot.pointer(executor)
      guard lanes > 1, !slot.isLaned else { return source }
      let target = scratch
      for i in 0..<slot.count { for lane in 0..<lanes { target[i &* lanes &+ lane] = source[i] } }
      scratch += slot.count * lanes
      return target
    }
    let (a, b, c) = (pointer(inputs[0]), pointer(inputs[1]), pointer(inputs[2]))
    let to = out.pointer(executor)
    switch operation {
    case .logSumExp:
      Recurrences.logSumExp(extent(lanes), pairs: a, varies: varies, singles: b, end: c, into: to, scratch: scratch)
    case .weights: Recurrences.weights(extent(lanes), pairs: a, varies: varies, singles: b, messages: c, into: to, scratch: scratch)
    case .linear(let transposed, let reversed):
      Recurrences.linear(extent(lanes), matrices: a, transposed: transposed, reversed: reversed, terms: b, first: c, into: to)
    }
    out.spread(executor)
  }
}
