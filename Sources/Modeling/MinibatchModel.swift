extension CompiledModel {
  /// The model with only some elements of these plates present at a time, their terms scaled by size / present. The whole model is checked
  /// first, with all of its data.
  package convenience init(_ model: M, minibatch: [String: Int]) throws {
    if !minibatch.isEmpty { _ = try CompiledModel(model) }
    var options = Recording.Options()
    options.minibatch = minibatch
    try self.init(model, options)
  }
}
