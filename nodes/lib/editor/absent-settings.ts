/**
 * A Node-RED plugin for the editor alone: absent-settings.html. A flow that was written by hand, or saved before a setting
 * existed, does not have every setting; in the form it would stand empty and be marked as wrong.
 */
export = (): void => undefined;
