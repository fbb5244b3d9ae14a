import fs from 'node:fs';

const tailMaxBytes = 4_096;

/** The file that a server writes its output to. Starts anew with each run; the one before is kept as `<file>.previous`. */
export class ServerLog {
  readonly fd: number;
  private isOpen = true;

  constructor(private readonly file: string) {
    if (fs.existsSync(file)) fs.renameSync(file, `${file}.previous`);
    this.fd = fs.openSync(file, 'a', 0o600);
  }

  /** The last lines, for an error message. */
  tail(): string {
    const bytes = fs.readFileSync(this.file);
    return bytes
      .subarray(Math.max(0, bytes.length - tailMaxBytes))
      .toString('utf8')
      .trim();
  }

  close(): void {
    if (this.isOpen) fs.closeSync(this.fd);
    this.isOpen = false;
  }
}
