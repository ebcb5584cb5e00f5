import Differentiation
import Synchronization

/// Leading axes hidden as the axis of a plate, so that what is written for one copy acts on all of them.
struct CopyAxis {
  private let shape: [Int]
  let plate: PlateAxis
  // Plates of models count up from 0; these count from the middle of the range, so that the two never meet.
  private static let counter = Atomic<UInt64>(1 << 63)

  init(_ shape: [Int]) {
    self.shape = shape
    plate = PlateAxis(
      id: CopyAxis.counter.wrappingAdd(1, ordering: .relaxed).newValue, name: "copies", size: shape.reduce(1, *), depth: .max)
  }

  /// The leading axes of `x`, which have this shape, become the hidden axis.
  func entered(_ x: Tensor) -> Tensor {
    guard x.rank >= shape.count, Array(x.shape.prefix(shape.count)) == shape else {
      return .mistake("a value for copies of shape \(shape) has shape \(x.shapeDescription)", shape: [], from: [x])
    }
    return x.reshaped(to: [plate.size] + x.shape.dropFirst(shape.count))[PlateIndex(axis: plate, fullSize: plate.size)]
  }

  /// The hidden axis becomes leading axes again.
  func left(_ x: Tensor) -> Tensor {
    let open = x.leaving(plate)
    return open.reshaped(to: shape + open.shape.dropFirst())
  }
}
