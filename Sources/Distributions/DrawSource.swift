import Differentiation

/// Gives every random draw of one recording a site number of its own.
///
/// Numbers rise in the order of recording. What a draw's bits are is decided when the graph runs: by the seed, the chain, the step, this
/// site number and the element, never by when or where it runs. A source belongs to one recording, on one thread.
public final class DrawSource {
  /// The plates that are open where draws are taken, outermost first: every element of each gets draws of its own.
  package var plates: [PlateAxis]
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
    return Tensor(.draw(kind, site: nextSite, shape: shape + all.map(\.size), parameters: nodes), plates: all)
  }

  /// Runs `body` with one more plate open.
  package func within<Result>(_ plate: PlateAxis, _ body: () -> Result) -> Result {
    plates.append(plate)
    defer { plates.removeLast() }
    return body()
  }
}
