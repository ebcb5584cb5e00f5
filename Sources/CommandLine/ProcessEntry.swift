import Foundation
import Reporting

extension Command {
  /// The whole life of the executable `credence`: runs the command line of this process and ends it with the exit code.
  ///
  /// The models are made after the watch for illegal instructions has begun: making them may need one.
  package static func main(models: @autoclosure () -> [any RunnableModel]) async -> Never {
    IllegalInstruction.watch()
    await run(models())
  }

  /// The whole life of a program that is one model.
  package static func main(model: @autoclosure () -> any RunnableModel) async -> Never {
    IllegalInstruction.watch()
    await run(model())
  }

  // Functions of their own, so that no vector instruction of theirs moves ahead of the watch.
  @inline(never)
  private static func run(_ models: [any RunnableModel]) async -> Never {
    let console = Console.process()
    Interruption.watch(console)
    end(await run(arguments: Array(ProcessInfo.processInfo.arguments.dropFirst()), models: models, console: console))
  }

  @inline(never)
  private static func run(_ model: any RunnableModel) async -> Never {
    let console = Console.process()
    Interruption.watch(console)
    end(await run(arguments: Array(ProcessInfo.processInfo.arguments.dropFirst()), model: model, console: console))
  }

  /// Ends the process; what still has an owner somewhere goes.
  private static func end(_ code: Int32) -> Never {
    UnfinishedWork.abandon()
    exit(code)
  }
}

/// A program that was built for a newer processor ends in one sentence instead of a crash.
///
/// The signal is looked at where it arises: on x86-64 a deliberate trap of Swift's is the instruction `ud2` (bytes 0F 0B), and stays a crash, after a sentence; any other
/// illegal instruction is one that this processor does not know. `Tests/Scripts/other_processor.sh` shows it on an emulated one.
enum IllegalInstruction {
  @inline(never)
  static func watch() {
    #if os(Linux) && arch(x86_64)
      // Zeroed by the library and filled in place: a zero value made here would be written by the very instructions that are watched for.
      typealias Action = sigaction
      guard let memory = calloc(1, MemoryLayout<Action>.size) else { return }
      defer { free(memory) }
      let action = memory.assumingMemoryBound(to: Action.self)
      action.pointee.sa_flags = Int32(SA_SIGINFO)
      action.pointee.__sigaction_handler.sa_sigaction = { _, information, _ in
        guard let information, information.pointee.si_code > 0, let address = information.pointee._sifields._sigfault.si_addr else {
          signal(SIGILL, SIG_DFL)
          return
        }
        // Readable: the processor has just fetched an instruction from there.
        let bytes = address.assumingMemoryBound(to: UInt8.self)
        guard !(bytes[0] == 0x0F && bytes[1] == 0x0B) else {
          let sentence: StaticString =
            "credence: the program stopped at a trap of Swift, whose own words stand above where it has any: in a model's code that is an index outside of an array, a nil that was forced, or a whole number that overflows; anything else is a defect of Credence, please report it.\n"
          _ = write(STDERR_FILENO, sentence.utf8Start, sentence.utf8CodeUnitCount)
          signal(SIGILL, SIG_DFL)
          return
        }
        let sentence: StaticString =
          "credence: this program was built for another processor and uses an instruction that this one lacks: build it here, or with CREDENCE_CPU=generic.\n"
        _ = write(STDERR_FILENO, sentence.utf8Start, sentence.utf8CodeUnitCount)
        _exit(ExitCode.usage)
      }
      sigaction(SIGILL, action, nil)
    #endif
  }
}
