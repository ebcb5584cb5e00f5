import Inference
import Reporting

extension InferenceRequest {
  /// The chains that have draws of their own in the outcome.
  var chainCount: Int { [.nuts, .smc].contains(method) && chainID == nil ? chains ?? 4 : 1 }

  /// How long chains run, which of them, and what is kept: `--thin`, `--until`, `--no-draws`, `--chain-id`.
  mutating func readControl(_ reader: inout OptionReader) {
    thin = reader.whole("--thin", in: 1...1_000_000)
    if let thin, thin > draws ?? 1000 {
      reader.fail("--thin \(thin) leaves none of the \(draws ?? 1000) draws of a chain.")
    }
    if let text = reader.arguments.last("--until") {
      control.precision = ChainControl.Precision(text)
      if control.precision == nil {
        reader.fail("--until expects mcse.mean=Xsd with X between 0 and 1, or ess=N with N from 1 up, not \"\(text)\".")
      }
    }
    control.keepsDraws = !reader.arguments.has("--no-draws")
    let total = chains ?? 4
    if let number = reader.whole("--chain-id", in: 1...10_000) {
      if number > total {
        reader.fail("--chain-id \(number) is not among the \(total) chains of the run; say how many there are with --chains.")
      }
      chainID = number
    }
  }
}

extension ChainControl.Precision {
  /// `mcse.mean=0.01sd` or `ess=1000`; nil for anything else.
  init?(_ text: String) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    switch parts[0] {
    case "mcse.mean":
      guard parts[1].hasSuffix("sd"), let share = Double(parts[1].dropLast(2)), share > 0, share < 1 else { return nil }
      self = .meanError(share)
    case "ess":
      guard let size = Double(parts[1]), size >= 1, size.isFinite else { return nil }
      self = .effectiveSize(size)
    default: return nil
    }
  }

  var text: String {
    switch self {
    case .meanError(let share): "mcse.mean=\(share)sd"
    case .effectiveSize(let size): "ess=\(size.brief(15))"
    }
  }
}
