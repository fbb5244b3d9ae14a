/** The control plane cannot be asked now: whatever waits for it is tried again later, however long that takes. */
export class ControlPlaneAway extends Error {
  constructor(how: string, options?: ErrorOptions) {
    super(`the control plane ${how}`, options);
    this.name = 'ControlPlaneAway';
  }
}
