import Differentiation

/// The bound of K draws of a guide, E log (1/K) Σₖ p(x, zₖ)/q(zₖ) (Burda, Grosse & Salakhutdinov 2016, arXiv:1509.00519), with an estimate of its
/// derivative. Where all draws stand in one plate every element has a bound of its own, and the sum is the objective: tighter than one
/// bound for all.
///
/// Draws that are all differentiable get the doubly reparameterized gradient (DReG: Tucker, Lawson, Gu & Maddison 2019, arXiv:1810.04152):
/// with normalized weights vₖ, Σₖ vₖ² times the derivative of log wₖ through the draws alone for the guide's parameters, Σₖ vₖ ∇log p for
/// the model's. Its signal-to-noise ratio does not fall with K.
///
/// Otherwise draws that are not differentiable get VIMCO (Mnih & Rezende 2016, arXiv:1602.06725): score functions whose signal for draw k is
/// the bound minus what it would be if draw k had the geometric mean of the others' weights; differentiable draws beside them carry the
/// derivative of the bound. Both are unbiased for the gradient of the bound; first derivatives only.
struct MultiSampleBound {
  /// The bound of these draws; its derivative is the estimate.
  let surrogate: Node

  /// - Parameters:
  ///   - logJoint: log p(x, z), all of it.
  ///   - guideInputs: the guide's parameters; `modelInputs`: the model's.
  /// - Returns: nil where a minibatch is present and the draws do not all stand in its plate.
  init?(logJoint: Node, drawn: [DrawnSite], guideInputs: [Node], modelInputs: [Node], draws count: Int) {
    let densities = drawn.map(\.wholeDensity)
    let cost = logJoint - densities.reduce(.fill(0), +)
    let discrete = drawn.indices.filter { !drawn[$0].choice.isDifferentiable }
    let scored = discrete.map { densities[$0] }.reduce(.fill(0), +)
    let scale: Double
    // Weights and scores of one draw, and what is in no element's weight, as normalizing constants that all elements share.
    let single: [Node]
    if let plate = PlateElements(drawn), let weights = plate.apart(cost), let scores = plate.apart(scored) {
      scale = plate.scale
      let shared = (1 / Double(plate.count)) * scores.rest
      single = [(1 / scale) * weights.elements, (1 / scale) * (scores.elements + shared), weights.rest]
    } else if drawn.allSatisfy({ $0.plates.allSatisfy { $0.subset == nil } }) {
      scale = 1
      single = [cost, scored, .fill(0)]
    } else {
      return nil
    }
    let offset = Node.drawSites(of: single)
    let copies = (0..<count).map { Node.redrawn(single + drawn.map(\.node), by: UInt32($0) * offset) }
    let weights = copies.map { $0[0] }
    let bound = MultiSampleBound.logMeanExp(weights)
    let estimate: Node
    var rest = single[2]
    if discrete.isEmpty {
      // A part of every weight: by the guide's parameters it has no derivative through the draws.
      rest = Node.substitute([rest], Dictionary(uniqueKeysWithValues: guideInputs.map { ($0, $0.stopped) }))[0]
      estimate = MultiSampleBound.doublyReparameterized(
        weights, bound, copies.map { Array($0[3...]) }, guideInputs: guideInputs, modelInputs: modelInputs)
    } else {
      estimate = MultiSampleBound.vimco(weights, bound, copies.map { $0[1] })
    }
    surrogate = scale * estimate.total + rest
  }

  private static func vimco(_ weights: [Node], _ bound: Node, _ scores: [Node]) -> Node {
    var surrogate = bound
    for k in weights.indices {
      let others = weights.indices.filter { $0 != k }.map { weights[$0] }
      var signal = bound
      if !others.isEmpty {
        let stand = (1 / Double(others.count)) * others.reduce(.fill(0, shape: bound.shape), +)
        signal = bound - logMeanExp(others + [stand])
      }
      surrogate = surrogate + signal.stopped * (scores[k] - scores[k].stopped)
    }
    return surrogate
  }

  private static func doublyReparameterized(
    _ weights: [Node], _ bound: Node, _ draws: [[Node]], guideInputs: [Node], modelInputs: [Node]
  ) -> Node {
    var surrogate = bound.stopped
    let share = 1 / Double(weights.count)
    for (weight, own) in zip(weights, draws) {
      let v = share * Node.unary(.exp, weight - bound).stopped
      // Through the draws alone: parameters stand still in both densities.
      let places = own.map { Node.input("draw", shape: $0.shape) }
      let open = Node.substitute([weight], Dictionary(uniqueKeysWithValues: zip(own, places)))
      let held = Node.substitute(open, Dictionary(uniqueKeysWithValues: (guideInputs + modelInputs).map { ($0, $0.stopped) }))
      let path = Node.substitute(held, Dictionary(uniqueKeysWithValues: zip(places, own)))[0]
      // Through the model's parameters alone: draws and the guide's parameters stand still.
      let still = Node.substitute(open, Dictionary(uniqueKeysWithValues: guideInputs.map { ($0, $0.stopped) }))
      let direct = Node.substitute(still, Dictionary(uniqueKeysWithValues: zip(places, own.map(\.stopped))))[0]
      surrogate = surrogate + v * v * (path - path.stopped) + v * (direct - direct.stopped)
    }
    return surrogate
  }

  /// log of the mean of the exponentials, element by element.
  private static func logMeanExp(_ x: [Node]) -> Node {
    (stack(x.map { Tensor($0) }).logSumExp(axis: 0) - log(Tensor(Double(x.count)))).node
  }
}

extension DrawnSite {
  /// log q at the draw, summed and scaled like the terms of a joint density, with its derivatives by parameters and by the draw.
  var wholeDensity: Node {
    let scale = plates.reduce(1) { $0 * $1.scale }
    let sum = site.logDensity(node).total
    return scale == 1 ? sum : scale * sum
  }
}
