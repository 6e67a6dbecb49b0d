/** The buttons of a row: which of them there are depends on the state, and they rest while a request runs. */

export class RowActions {
  constructor(element) {
    this.element = element;
    const button = (action) => element.querySelector(`[data-action=${action}]`);
    this.buttons = { Retry: button("retry"), Cancel: button("cancel"), Remove: button("remove") };
  }

  /** Show those that make sense. The focus stays in the row when the button that has it goes. */
  paint(entry) {
    const focused = this.element.contains(document.activeElement) ? document.activeElement : null;
    if (entry.job || entry.file) this.#choose(entry);
    for (const [verb, button] of Object.entries(this.buttons)) {
      if (entry.name) button.setAttribute("aria-label", `${verb} ${entry.name}`);
      button.setAttribute("aria-disabled", String(entry.isBusy));
    }
    if (focused?.hidden) this.element.querySelector("button:not([hidden])")?.focus();
  }

  #choose(entry) {
    const isUnderWay = Boolean(entry.job) && !entry.hasEnded;
    this.buttons.Retry.hidden = !(entry.job ? entry.canRetryJob : entry.canRetry);
    this.buttons.Cancel.hidden = !isUnderWay;
    this.buttons.Remove.hidden = isUnderWay;
  }
}
