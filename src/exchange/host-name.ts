/** Whether Windows takes a name as it is (git, `is_valid_win32_path`, and 8.3 names besides). */
export function isWindowsName(name: string): boolean {
  return !(RESERVED.test(name) || ENDING.test(name) || DEVICE.test(name) || SHORT_NAME.test(name));
}

const RESERVED = /[<>:"|?*\\/\u0000-\u001f]/;
/** Silently dropped by Win32, so `a.` would be `a`. */
const ENDING = /[. ]$/;
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\.|$)/i;
/** `PROGRA~1` may be another name of something that is there. */
const SHORT_NAME = /^[^.]{1,6}~\d{1,6}(\.[^.]{0,3})?$/;
