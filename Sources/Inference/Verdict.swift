/// The judgement on a fit: may its numbers be used?
///
/// `ok` says that every check passed, `caution` that the numbers may be used with the reasons in mind, `fail` that they must not be
/// used. A verdict is the worst grade among its reasons.
public struct Verdict: Sendable, Codable, Equatable {
  public enum Grade: String, Sendable, Codable, Comparable {
    case ok, caution, fail

    private var order: Int {
      switch self {
      case .ok: 0
      case .caution: 1
      case .fail: 2
      }
    }

    public static func < (a: Grade, b: Grade) -> Bool { a.order < b.order }
  }

  /// One finding: a code for programs, its weight, and a sentence with advice for people.
  public struct Reason: Sendable, Codable, Equatable {
    public var code: String
    public var severity: Grade
    public var text: String

    package init(code: String, severity: Grade, text: String) {
      self.code = code
      self.severity = severity
      self.text = text
    }
  }

  public private(set) var verdict: Grade
  public private(set) var reasons: [Reason]

  package init(_ reasons: [Reason] = []) {
    self.reasons = reasons
    verdict = reasons.map(\.severity).max() ?? .ok
  }

  /// The verdict as it is reported, gravest first: what does not lower the grade is no reason for it.
  package var withoutRemarks: Verdict { Verdict(reasons.filter { $0.severity != .ok }.sorted { $0.severity > $1.severity }) }

  /// This verdict with further findings.
  package func adding(_ more: [Reason]) -> Verdict { Verdict(reasons + more) }
}

extension Double {
  /// The number in at most `digits` significant digits, for sentences: 0.7312 ↦ "0.73", 12345 ↦ "12345", ∞ ↦ "infinite".
  package func brief(_ digits: Int = 3) -> String {
    guard isFinite else { return isNaN ? "not a number" : (self > 0 ? "infinite" : "minus infinite") }
    if magnitude >= 1e15 { return String(self) }
    if self == rounded() { return String(Int64(self)) }
    var exponent = 0
    var scaled = magnitude
    while scaled >= 10 {
      scaled /= 10
      exponent += 1
    }
    while scaled < 1 {
      scaled *= 10
      exponent -= 1
    }
    let places = digits - 1 - exponent
    if places <= 0 { return String(Int64(rounded())) }
    // So small a number times a power of ten would not be exact: its leading digits are rounded by themselves.
    let isTiny = places > 12
    var unit = 1.0
    for _ in 0..<(isTiny ? digits - 1 : places) { unit *= 10 }
    if isTiny {
      let leading = (self < 0 ? -scaled : scaled) * unit
      return String(Double("\(leading.rounded() / unit)e\(exponent)") ?? self)
    }
    return String((self * unit).rounded() / unit)
  }
}
