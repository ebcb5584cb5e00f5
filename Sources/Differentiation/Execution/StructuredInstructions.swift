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
    case .gamma, .logGamma, .poisson, .binomial, .vonMises:
      for element in 0..<out.count {
        for lane in 0..<width {
          var own = address
          own.chain = context.firstChain &+ UInt32(lane)
          own.element = UInt32(truncatingIfNeeded: element)
          func parameter(_ i: Int) -> Double {
            parameters[i].pointer(executor)[parameters[i].isLaned ? element * width + lane : element]
          }
          if parameters.count > draw.kind.parameterCount { own.seed ^= parameter(draw.kind.parameterCount).bitPattern }
          var stream = RandomStream(at: own)
          let a = parameter(0)
          to[element * width + lane] =
            switch draw.kind {
            case .gamma: a > 0 && a.isFinite ? stream.nextGamma(shape: a) : .nan
            case .logGamma: a > 0 && a.isFinite ? stream.nextLogGamma(shape: a) : .nan
            case .vonMises: stream.nextVonMises(concentration: a)
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
