import Modeling

/// A guide that is a program, for one simulated data set after the other.
///
/// Such a guide may read the data out of the model that it is given, as an amortized one does: for each data set it gets the model that has these data.
package struct CalibratedGuide<M: Model>: Sendable {
  /// Observed sites with their values, plates leading.
  package typealias Data = [String: (shape: [Int], values: [Double])]
  let body: @Sendable (GuideProgram, M) throws -> Void
  let model: @Sendable (Data) throws -> M

  /// - Parameter model: the model with other data.
  package init(_ body: @escaping @Sendable (GuideProgram, M) throws -> Void, model: @escaping @Sendable (Data) throws -> M) {
    self.body = body
    self.model = model
  }

  /// The method with this guide for these data.
  func method(_ method: Method<GivenModel<M>>, _ data: Data) throws -> Method<GivenModel<M>> {
    var method = method
    let own = try model(data)
    method.program = { [body] q, _ in try body(q, own) }
    return method
  }
}
