/** What a long step tells whoever waits for it. Renderers decide how it looks; nothing here prints. */
export type ProgressEvent =
  | { type: 'step'; step: string }
  | { type: 'amount'; step: string; done: number; total: number | undefined; unit: 'bytes' | 'items' }
  | { type: 'done'; step: string }
  | { type: 'note'; text: string };

export type Progress = (event: ProgressEvent) => void;
