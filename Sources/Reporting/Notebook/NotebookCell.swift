#if canImport(Glibc)
  @preconcurrency import Glibc
#elseif canImport(Darwin)
  @preconcurrency import Darwin
#endif

/// What `credence notebook` writes in place of the line `// %%` where a cell begins; in a program that runs by itself it does nothing.
public enum NotebookCell {
  /// What is printed from here on belongs to this cell, counted from 0.
  public static func begin(_ number: Int) {
    guard let token = NotebookRun.token else { return }
    // By lines, so that what was printed before a crash is not lost.
    if number == 0 { setvbuf(stdout, nil, _IOLBF, 0) }
    print(NotebookStream.cellFrame(number, token: token), terminator: "")
    fflush(stdout)
  }
}
