import type { ExchangeOptions } from '../../src/exchange/options.ts';
import { ProjectExchange } from '../../src/exchange/project-exchange.ts';
import type { Report } from '../../src/exchange/report.ts';

/**
 * One pass between the host's project folder and the guest's copy.
 * @throws as `ProjectExchange.pass` does
 */
export async function exchangeOnce(options: ExchangeOptions): Promise<Report> {
  return (await new ProjectExchange(options).pass(options)).report;
}
