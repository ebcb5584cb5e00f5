import Differentiation
import Distributions

/// Draws of summed-out sites from their posterior given everything else.
///
/// The sums of an elimination are gone through backwards: each site is drawn from the weights that its values had in its sum, where the sites that
/// were summed after it have the values drawn for them. Along a sequence this is forward filtering and backward sampling with time reversed (Rao &
/// Teh 2013 give the history). The largest of weights with Gumbel noise is a draw from them.
struct EliminationDraws {
  typealias Step = (inout EliminationDraws) throws -> Void

  /// For each hidden axis 1 at the value that is drawn and 0 elsewhere, along the axis and the plates of the site.
  var chosen: [PlateAxis: Tensor] = [:]
  /// Noise that was drawn before: for steps of a loop.
  var noises: [PlateAxis: Tensor] = [:]
  private let plates: [UInt64: PlateAxis]
  private let source = DrawSource(firstSite: 1 << 30)

  /// - Parameter plates: those that sites are inside of.
  init(plates: [PlateAxis]) {
    self.plates = Dictionary(plates.map { ($0.id, $0) }) { first, _ in first }
  }

  /// One value for each element of the plates around a site, or of those given.
  mutating func draw(_ axis: PlateAxis, from table: Tensor, inside home: [PlateAxis]?) {
    let around = home ?? axis.home!.compactMap { plates[$0] }
    let noise = noises[axis] ?? noise(axis, inside: around, shape: [])
    chosen[axis] = (given(table, but: [axis]) + noise).isLargest(over: axis)
  }

  /// Gumbel noise for the values along an axis, for each element of the plates.
  func noise(_ axis: PlateAxis, inside home: [PlateAxis], shape: [Int]) -> Tensor {
    source.plates = home + [axis]
    return source.draw(.gumbel, shape: shape)
  }

  /// A table where the sites that have been drawn have their values.
  func given(_ table: Tensor, but free: [PlateAxis] = []) -> Tensor {
    table.plates.reduce(table) { rest, axis in
      guard let own = chosen[axis], !free.contains(axis) else { return rest }
      return select(own, rest, 0).summed(over: axis)
    }
  }

  /// The values of a site as they are seen from outside of its plates.
  func value(_ site: Site) -> Tensor {
    let elements = site.hidden.map { own -> Tensor in
      let inside = (chosen[own.axis]! * own.tensor).summed(over: own.axis)
      let steps = own.home.filter { !site.axes.contains($0) }
      return (site.axes + steps).reversed().reduce(inside) { $0.leaving($1) }
    }
    let together = elements.count == 1 ? elements[0] : stack(elements, axis: elements[0].rank)
    return together.reshaped(to: site.outsideShape)
  }
}

extension HiddenChain {
  private var whole: PlateIndex { PlateIndex(axis: steps, fullSize: steps.size) }

  /// A value for each element of the plates around the sequence.
  private func around(_ x: Tensor, _ axes: [PlateAxis]) -> Tensor {
    let all = PlateAxis.ordered(axes + outer)
    return Tensor(x.expanded(to: x.shape, plates: all), plates: all)
  }

  /// The path of a chain with one state, from its start to its end. `weights` [steps]: of values after a step given those before it.
  func drawPath(_ weights: Tensor, _ draws: inout EliminationDraws) {
    let (before, after) = (states[0].before.axis, states[0].after)
    let rows = around(draws.given(weights, but: [before, after]), [before, after])
    let noise = around(draws.noise(after, inside: outer, shape: [steps.size]), [after])
    let start = around(draws.chosen[before]!, [before])
    let path = Node.scan(
      length: steps.size, initial: [start.node], elements: [rows.node, noise.node]
    ) { carries, items in
      let row = (Tensor(items[0], plates: rows.plates) * Tensor(carries[0], plates: start.plates))
        .summed(over: before)
      let next = (log(row) + Tensor(items[1], plates: noise.plates)).isLargest(over: after)
      return ([next.relabelled([after: before]).node], [next.node])
    }
    draws.chosen[before] = Tensor(path.before[0], plates: start.plates)[whole]
    draws.chosen[after] = Tensor(path.results[0], plates: noise.plates)[whole]
    draws.chosen[states[0].last.axis] = Tensor(path.carries[0], plates: start.plates).relabelled([
      before: states[0].last.axis
    ])
  }

  /// The paths of several states. `tables` of a step: those that vary over the steps with the steps first.
  func drawPaths(
    _ summed: [PlateAxis], varying: [Tensor], fixed: [Tensor], messages: Tensor,
    _ draws: inout EliminationDraws
  ) throws {
    let before = states.map(\.before.axis)
    let advanced = Dictionary(uniqueKeysWithValues: states.map { ($0.before.axis, $0.after) })
    let starts = before.map { around(draws.chosen[$0]!, [$0]) }
    let noises = summed.map { around(draws.noise($0, inside: outer, shape: [steps.size]), [$0]) }
    let elements = varying + [messages] + noises
    let known = draws
    let path = try Node.scan(
      length: steps.size, initial: starts.map(\.node), elements: elements.map(\.node)
    ) { carries, items in
      let parts = zip(items, elements).map { Tensor($0, plates: $1.plates) }
      var here = known
      for (index, axis) in before.enumerated() {
        here.chosen[axis] = Tensor(carries[index], plates: starts[index].plates)
      }
      for (index, axis) in summed.enumerated() {
        here.noises[axis] = parts[varying.count + 1 + index]
      }
      var factors = FactorElimination()
      let tables = parts[..<varying.count] + fixed + [parts[varying.count].relabelled(advanced)]
      _ = try factors.eliminate(summed, from: tables.map { here.given($0) })
      for step in factors.draws.reversed() { try step(&here) }
      let next = states.map { state in
        around(here.chosen[state.after]!, [state.after]).relabelled([state.after: state.before.axis]
        )
      }
      return (next.map(\.node), summed.enumerated().map { around(here.chosen[$1]!, [$1]).node })
    }
    for (index, axis) in before.enumerated() {
      draws.chosen[axis] = Tensor(path.before[index], plates: starts[index].plates)[whole]
      let last = states[index].last.axis
      draws.chosen[last] = Tensor(path.carries[index], plates: starts[index].plates).relabelled([
        axis: last
      ])
    }
    for (index, axis) in summed.enumerated() {
      draws.chosen[axis] = Tensor(path.results[index], plates: noises[index].plates)[whole]
    }
  }
}
