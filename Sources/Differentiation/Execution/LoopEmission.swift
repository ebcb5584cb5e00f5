extension Layout {
  mutating func emitLoop(_ places: [Int], shape: [Int], laned isLaned: Bool) throws {
    var builder = LoopBuilder(layout: self, shape: shape, isLaned: isLaned)
    builder.build(places)
    let programs = builder.finish()
    self = builder.layout
    for program in programs { append(program, reads: builder.reads, writes: builder.writes) }
  }

  /// A loop that copies a view into a buffer of its own.
  mutating func emitCopy(from view: View, shape: [Int], laned isLaned: Bool, to buffer: Int) {
    var builder = LoopBuilder(layout: self, shape: shape, isLaned: isLaned)
    builder.copy(view, to: wholeView(buffer, shape))
    let programs = builder.finish()
    self = builder.layout
    for program in programs { append(program, reads: [view.buffer], writes: [buffer]) }
  }

  /// Whether input `index` of a loop entry is read element by element in the same loop (a gather's table is not).
  func readsInRegister(_ place: Int, _ index: Int) -> Bool {
    if case .gather = graph.entries[place].operation { return false }
    return true
  }
}
