import Kernels

/// Random draws at the address (seed, purpose, step) of the execution, the lane's chain, and the draw's site.
struct DrawInstruction: HeavyInstruction {
  let draw: Draw
  let parameters: [Slot]
  let out: Slot

  func run(_ executor: Executor, _ own: AnyObject?) {
    let width = out.width(executor)
    let context = executor.random
    let address = RandomAddress(
      seed: context.seed, purpose: context.purpose, chain: context.firstChain, step: context.step, site: draw.site, element: 0)
    let to = out.pointer(executor)
    switch draw.kind {
    case .uniform, .normal, .exponential, .gumbel, .logistic:
      withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 8) { chains in
        for lane in 0..<8 { chains[lane] = context.firstChain &+ UInt32(lane) }
        let pointer = UnsafePointer(chains.baseAddress!)
        switch draw.kind {
        case .uniform: RandomFill.uniforms(count: out.count, lanes: width, chains: pointer, at: address, to)
        case .normal: RandomFill.normals(count: out.count, lanes: width, chains: pointer, at: address, to)
        case .exponential: RandomFill.exponentials(count: out.count, lanes: width, chains: pointer, at: address, to)
        case .gumbel: RandomFill.gumbels(count: out.count, lanes: width, chains: pointer, at: address, to)
        default: RandomFill.logistics(count: out.count, lanes: width, chains: pointer, at: address, to)
        }
      }
    case .gamma, .logGamma, .poisson, .binomial:
      for element in 0..<out.count {
        for lane in 0..<width {
          var own = address
          own.chain = context.firstChain &+ UInt32(lane)
          own.element = UInt32(truncatingIfNeeded: element)
          var stream = RandomStream(at: own)
          func parameter(_ i: Int) -> Double {
            parameters[i].pointer(executor)[parameters[i].isLaned ? element * width + lane : element]
          }
          let a = parameter(0)
          to[element * width + lane] =
            switch draw.kind {
            case .gamma: a > 0 && a.isFinite ? stream.nextGamma(shape: a) : .nan
            case .logGamma: a > 0 && a.isFinite ? stream.nextLogGamma(shape: a) : .nan
            case .poisson: a >= 0 && a.isFinite ? stream.nextPoisson(rate: a) : .nan
            default:
              { (p: Double) in
                a >= 0 && a.isFinite && a.rounded() == a && p >= 0 && p <= 1 ? stream.nextBinomial(trials: a, probability: p) : .nan
              }(parameter(1))
            }
        }
      }
    }
    out.spread(executor)
  }
}

extension ScanBody {
  /// The plan of one step. Carries vary by lane if anything that enters the loop does.
  func plan(inputs isLaned: [Bool], isLaned whole: Bool, lanes: Int, wanted: Set<Int>) throws -> Plan {
    let k = carries.count
    let flags = carries.map { _ in whole } + isLaned[k...]
    return try Plan(
      outputs: nextCarries + results, inputs: carries + elements + captured, lanes: lanes, laned: flags, lanedDraws: whole)
  }
}

/// A sequential loop: the plan of one step replayed, with elements copied in and results copied out.
struct ScanInstruction: HeavyInstruction {
  let body: ScanBody
  let plan: Plan
  let inputs: [Slot]
  let outputs: [Slot]
  /// Outputs that somebody reads.
  let wanted: Set<Int>
  let lanes: Int

  final class Loop {
    let step: Executor
    let scratch: Scratch
    init(_ step: Executor, _ scratch: Scratch) {
      self.step = step
      self.scratch = scratch
    }
  }

  func prepare(_ executor: Executor) throws -> AnyObject? {
    let largest = (plan.inputs + plan.outputs).map { $0.count }.max() ?? 1
    let carry = body.carries.reduce(0) { $0 + $1.count * lanes + 8 }
    return Loop(try Executor(plan), Scratch(largest * lanes + carry))
  }

  func run(_ executor: Executor, _ own: AnyObject?) {
    let loop = unsafeDowncast(own!, to: Loop.self)
    let step = loop.step
    step.random = executor.random
    let k = body.carries.count
    let e = k + body.elements.count
    let scratch = loop.scratch.base
    for index in 0..<k { enter(index, inputs[index].pointer(executor), inputs[index].isLaned, step, scratch) }
    for index in e..<inputs.count { enter(index, inputs[index].pointer(executor), inputs[index].isLaned, step, scratch) }
    for position in 0..<body.length {
      let t = body.isReversed ? body.length - 1 - position : position
      for index in k..<e {
        let count = body.elements[index - k].count
        let isLaned = inputs[index].isLaned
        enter(index, inputs[index].pointer(executor) + t * count * (isLaned ? lanes : 1), isLaned, step, scratch)
      }
      for index in 0..<k where wanted.contains(k + body.results.count + index) {
        let count = body.carries[index].count
        let slot = plan.inputs[index]
        let target = outputs[k + body.results.count + index].pointer(executor) + t * count * lanes
        step.copy(slot.view, slot.shape, isLaned: slot.isLaned, lanes: lanes, to: target)
      }
      step.run()
      for index in 0..<body.results.count where wanted.contains(k + index) {
        step.copyOutput(k + index, lanes: lanes, to: outputs[k + index].pointer(executor) + t * body.results[index].count * lanes)
      }
      // All carries are read before any is written.
      var place = scratch + (plan.inputs + plan.outputs).reduce(0) { Swift.max($0, $1.count) } * lanes
      for index in 0..<k {
        step.copyOutput(index, lanes: lanes, to: place)
        place += body.carries[index].count * lanes + 8
      }
      place = scratch + (plan.inputs + plan.outputs).reduce(0) { Swift.max($0, $1.count) } * lanes
      for index in 0..<k {
        enter(index, place, lanes > 1, step, scratch)
        place += body.carries[index].count * lanes + 8
      }
    }
    for index in 0..<k where wanted.contains(index) {
      let slot = plan.inputs[index]
      step.copy(slot.view, slot.shape, isLaned: slot.isLaned, lanes: lanes, to: outputs[index].pointer(executor))
    }
    for index in wanted { outputs[index].spread(executor) }
    if executor.firstError == nil { executor.firstError = step.firstError }
    step.firstError = nil
  }

  /// Copies a value into input `index` of a step, repeated over lanes where the input varies by lane and the value does not.
  private func enter(
    _ index: Int, _ source: UnsafeMutablePointer<Double>, _ isLaned: Bool, _ step: Executor, _ scratch: UnsafeMutablePointer<Double>
  ) {
    let slot = plan.inputs[index]
    if slot.isLaned == isLaned || lanes == 1 { return step.setInput(index, source) }
    if slot.isLaned {
      for i in 0..<slot.count { for lane in 0..<lanes { scratch[i * lanes + lane] = source[i] } }
    } else {
      for i in 0..<slot.count { scratch[i] = source[i * lanes] }
    }
    step.setInput(index, scratch)
  }
}

/// A custom node, lane by lane.
struct CustomInstruction: HeavyInstruction {
  let reference: CustomReference
  let inputs: [Slot]
  let outputs: [Slot]
  let lanes: Int

  func run(_ executor: Executor, _ own: AnyObject?) {
    for lane in 0..<lanes {
      let values = inputs.map { slot in
        let p = slot.pointer(executor)
        return (0..<slot.count).map { p[slot.isLaned ? $0 * executor.plan.lanes + lane : $0] }
      }
      var results: [[Double]]?
      do {
        let computed = try reference.node.evaluate(values)
        let fits = computed.count == outputs.count && zip(computed, outputs).allSatisfy { $0.count == $1.count }
        guard fits else {
          throw CustomNodeError(
            "custom node '\(reference.node.name)' returned arrays of \(computed.map(\.count)) elements where its shapes promise \(outputs.map(\.count))"
          )
        }
        results = computed
      } catch {
        if executor.firstError == nil { executor.firstError = error }
      }
      for (index, slot) in outputs.enumerated() {
        let p = slot.pointer(executor)
        for i in 0..<slot.count { p[i * lanes + lane] = results?[index][i] ?? .nan }
      }
    }
    for slot in outputs { slot.spread(executor) }
  }
}
