extension Plan {
  /// One line an instruction, one below it for each step of a loop: places s are streams of memory, r registers of a tile, p partial results;
  /// a dot marks a vector that does not move.
  package var listing: String {
    instructions.enumerated().map { index, instruction in
      switch instruction {
      case .loop(let loop): "#\(index) \(loop.listing)"
      case .line(let parts): "#\(index) line of\n" + parts.map(\.listing).joined(separator: "\n")
      case .heavy(let heavy): "#\(index) \(type(of: heavy))"
      }
    }.joined(separator: "\n")
  }
}

extension LoopProgram {
  fileprivate var listing: String {
    func name(_ place: UInt16, _ stride: UInt8 = 1) -> String {
      let dot = stride == 0 ? "." : ""
      if place < streams.count { return "s\(place)\(dot)" }
      return Int(place) < streams.count + registers ? "r\(Int(place) - streams.count)\(dot)" : "p\(Int(place) - streams.count - registers)"
    }
    func line(_ prefix: String, _ o: MicroOperation) -> String {
      let operands = [name(o.a, o.sa), name(o.b, o.sb), name(o.c, o.sc)].prefix(o.operandCount).joined(separator: " ")
      return "\n  \(prefix)\(name(o.dst)) = \(o.name) \(operands)"
    }
    let memory = streams.map { "b\($0.view.buffer)+\($0.view.offset)\($0.strides)\($0.isLaned ? "w" : "")" }.joined(separator: " ")
    return "loop \(outer) × \(inner), \(lanes) lanes, streams \(memory)" + rowOperations.map { line("row: ", $0) }.joined()
      + operations.map { line("", $0) }.joined()
  }
}

extension MicroOperation {
  fileprivate var name: String {
    switch code {
    case .unary: UnaryOperation(rawValue: sub).map { "\($0)" } ?? "unary"
    case .binary: BinaryOperation(rawValue: sub).map { "\($0)" } ?? "binary"
    case .ternary: TernaryOperation(rawValue: sub).map { "\($0)" } ?? "ternary"
    default: "\(code)"
    }
  }

  fileprivate var operandCount: Int {
    switch code {
    case .ternary, .multiplyAdd, .negatedMultiplyAdd, .multiplySubtract: 3
    case .binary, .gather, .gatherDynamic, .terms: 2
    default: 1
    }
  }
}
