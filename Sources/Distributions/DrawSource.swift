import Differentiation

/// Gives every random draw of one recording a site number of its own.
///
/// Numbers rise in the order of recording. What a draw's bits are is decided when the graph runs: by the seed, the chain, the step, this
/// site number and the element, never by when or where it runs. A source belongs to one recording, on one thread.
public final class DrawSource {
  /// The plates that are open where draws are taken, outermost first: every element of each gets draws of its own.
  package var plates: [PlateAxis]
  /// The loop whose step is being recorded: its number of steps, and what gives a tensor's part that belongs to the step (the steps are its
  /// first axis).
  package var loop: (length: Int, part: (Tensor) -> Tensor)?
  /// The site number that the next draw gets.
  package private(set) var nextSite: UInt32

  package init(firstSite: UInt32 = 0, plates: [PlateAxis] = []) {
    self.nextSite = firstSite
    self.plates = plates
  }

  /// A source for draws of one's own: `Normal(0, sd: 1).sample(using: DrawSource())`.
  public convenience init() { self.init(firstSite: 0) }

  /// Draws of the given visible shape, one for each element of every open plate and of every plate that a parameter varies over.
  package func draw(_ kind: Draw.Kind, shape: [Int], parameters: [Tensor] = []) -> Tensor {
    let all = PlateAxis.union([plates] + parameters.map(\.plates))
    defer { nextSite += 1 }
    guard Tensor.commonShape([shape] + parameters.map(\.shape)) == shape else {
      return .mistake(
        "draws of shape \(shape) cannot have parameters of shapes \(parameters.map { "\($0.shape)" }.joined(separator: " and "))",
        shape: shape, from: parameters)
    }
    let nodes = parameters.map { $0.expanded(to: shape, plates: all) }
    let full = shape + all.map(\.size)
    guard let loop else { return Tensor(.draw(kind, site: nextSite, shape: full, parameters: nodes), plates: all) }
    // Every step has numbers of its own, drawn outside of the loop. What has parameters is drawn inside, with such a number in its address.
    let steps = loop.part(
      Tensor(.draw(nodes.isEmpty ? kind : .uniform, site: nextSite, shape: [loop.length] + full, parameters: []), plates: all))
    return nodes.isEmpty ? steps : Tensor(.draw(kind, site: nextSite, shape: full, parameters: nodes + [steps.node]), plates: all)
  }

  /// Runs `body` with one more plate open.
  package func within<Result>(_ plate: PlateAxis, _ body: () -> Result) -> Result {
    plates.append(plate)
    defer { plates.removeLast() }
    return body()
  }
}
